/**
 * The deltas that were made and then not kept, because they saved too little. A later run would make them
 * again otherwise. A file that cannot be read counts as empty, because it saves work and nothing else.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import type { Saving } from './plan.ts';

/** By delta key. */
export type Declined = ReadonlyMap<string, Saving>;

const FILE = 'extensions/treeport/declined-deltas.json';
const NUMBERS = ['deltaBytes', 'deltaRequests', 'looseBytes', 'looseRequests'] as const;

export async function readDeclined(repoPath: string): Promise<Declined> {
  const text = await readFile(join(repoPath, FILE), 'utf8').catch(() => '{}');
  try {
    return new Map(Object.entries(JSON.parse(text) as object).filter(([, saving]) => isSaving(saving)));
  } catch {
    return new Map();
  }
}

export async function writeDeclined(repoPath: string, declined: Declined): Promise<void> {
  const text = JSON.stringify(Object.fromEntries(declined), undefined, 2);
  await writeFileAtomic(join(repoPath, FILE), Buffer.from(`${text}\n`));
}

function isSaving(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return NUMBERS.every((key) => typeof (value as Record<string, unknown>)[key] === 'number');
}
