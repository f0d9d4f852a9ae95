/** A command line that fails: what precedes it, the code, and what its only line names. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { ErrorCode } from '../../../src/base/error-codes.ts';
import { MIRROR_REF, type MirrorSource, writeMirrorSource } from '../../support/mirror-repos.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { ROOT } from '../../support/project.ts';
import { must, mustTreeport, run, TREEPORT } from './run.ts';
import { tempDir } from './scratch.ts';

export type Place = MirrorSource & { readonly folder: string; at(name: string): string };

export type ErrorCase = {
  readonly code: ErrorCode;
  /** 1 unless given. */
  readonly status?: number;
  /** The command line; @/ is the folder, @/repo the repository. */
  readonly words: string;
  /** Default: the command. @/ is the folder here as well. */
  readonly program?: readonly string[];
  /** What makes the command fail. */
  readonly prepare?: (place: Place) => Promise<unknown> | unknown;
  /** What the message names. */
  readonly naming: string;
  /** Programs. */
  readonly needs?: readonly string[];
  /** Why it cannot be tested here, whatever programs there are. */
  readonly skip?: string | false;
};

/** The program in mirror images. */
export const IMAGE_PROGRAM: readonly string[] = [process.execPath, join(ROOT, 'src/runtime-app.ts')];

/** Makes @/commit.tar, and an empty repository @/copy to import it into. */
export async function prepareImport({ folder, at }: Place): Promise<void> {
  await must(['ostree', 'init', '--mode=bare-user', `--repo=${at('copy')}`]);
  const words = ['tar', 'export', '--repo', at('repo'), '--output', at('commit.tar'), MIRROR_REF];
  await mustTreeport(words, { cwd: folder });
}

export function testErrorCases(cases: readonly ErrorCase[]): void {
  for (const { code, words, needs = [], skip = false, ...more } of cases)
    test(`${code}: treeport ${words}`, { skip: skip || unlessInstalled(...needs) }, (t) =>
      provoke(t, { code, words, ...more }),
    );
}

async function provoke(t: TestContext, wanted: ErrorCase): Promise<void> {
  const { code, status = 1, words, prepare, naming, program = TREEPORT } = wanted;
  const folder = await tempDir(t);
  const at = (name: string) => join(folder, name);
  const place = { ...(await writeMirrorSource(at('repo'))), folder, at };
  await prepare?.(place);
  const filled = (text: string) => text.replaceAll('@/', `${folder}/`);
  const outcome = await run([...program.map(filled), ...filled(words).split(' ')]);
  const lines = outcome.stderr.split('\n').filter((line) => line.startsWith('treeport: ERR_'));
  assert.equal(lines.length, 1, outcome.stderr);
  assert.ok(lines[0]?.startsWith(`treeport: ${code}: `), outcome.stderr);
  assert.ok(lines[0]?.includes(filled(naming)), outcome.stderr);
  assert.equal(outcome.status, status);
  assert.equal(outcome.stdout, '');
}
