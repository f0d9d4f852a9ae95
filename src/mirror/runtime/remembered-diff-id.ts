/**
 * The diff-id of a runtime's layer, remembered from run to run in the user's cache directory: hashing its 115
 * MB is a fifth of the work of a snapshot in which nothing is new. It counts as long as the system says the
 * same of every file: place, size, and the times of its last changes, as git finds files that did not change.
 *
 *     {"diffId": "sha256:…", "fingerprint": "SHA-256 of all that"}    one file for each architecture
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { userCacheDirectory } from '../../base/compile-cache.ts';
import { VERSION } from '../../base/version.ts';
import { type Digest, isDigest } from '../../oci/model/descriptor.ts';
import type { LayerFile } from '../layer.ts';

export type RememberedRuntime = {
  readonly architecture: string;
  readonly files: readonly LayerFile[];
  /** Default: the user's. */
  readonly directory?: string | undefined;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
};

/** A file that changed a moment ago may change again without another time. */
const SETTLED_MS = 2000;

/** Undefined if nothing is known of these files. */
export async function rememberedDiffId(runtime: RememberedRuntime): Promise<Digest | undefined> {
  const path = pathOf(runtime);
  if (path === undefined) return undefined;
  try {
    const { diffId, fingerprint } = JSON.parse(readFileSync(path, 'utf8'));
    if (!isDigest(diffId) || fingerprint !== (await fingerprintOf(runtime)).text) return undefined;
    return diffId;
  } catch {
    return undefined;
  }
}

/**
 * Calls `hash` and remembers its result, unless a file changed just before or meanwhile. A cache that cannot
 * be written is none.
 */
export async function rememberDiffId<Hashed extends { readonly diffId: Digest }>(
  runtime: RememberedRuntime,
  hash: () => Promise<Hashed>,
): Promise<Hashed> {
  const { now = Date.now } = runtime;
  const path = pathOf(runtime);
  if (path === undefined) return hash();
  const before = await fingerprintOf(runtime);
  const hashed = await hash();
  const after = await fingerprintOf(runtime);
  if (before.text !== after.text || before.changedMs > now() - SETTLED_MS) return hashed;
  const record = JSON.stringify({ diffId: hashed.diffId, fingerprint: after.text });
  await writeFileAtomic(path, Buffer.from(record)).catch(() => {});
  return hashed;
}

function pathOf({ architecture, directory = userCacheDirectory() }: RememberedRuntime): string | undefined {
  return directory === undefined ? undefined : join(directory, `runtime-${architecture}.json`);
}

type Fingerprint = {
  readonly text: string;
  /** When a file changed last. */
  readonly changedMs: number;
};

/** Files that are made, not on disk, are read: they are small. */
async function fingerprintOf({ files }: RememberedRuntime): Promise<Fingerprint> {
  const hash = createHash('sha256').update(VERSION);
  let changedMs = 0;
  for (const { path, executable, size, source, stream } of files) {
    hash.update(`\n${JSON.stringify([path, executable, size])}\n`);
    if (source === undefined) {
      for await (const piece of stream()) hash.update(piece);
      continue;
    }
    const { dev, ino, size: bytes, mtimeNs, ctimeNs, ctimeMs } = statSync(source, { bigint: true });
    hash.update([source, dev, ino, bytes, mtimeNs, ctimeNs].join(' '));
    changedMs = Math.max(changedMs, Number(ctimeMs));
  }
  return { text: hash.digest('hex'), changedMs };
}
