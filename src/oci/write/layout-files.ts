/** Files of a layout directory: replaced, hashed and synced. */
import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Temporary } from '../../base/temporary.ts';
import type { Digest } from '../model/descriptor.ts';
import { OutputFile } from './output-file.ts';

const READ_BYTES = 256 * 1024;

/** A regular file of this size that nobody else may change, since a link shares the changes. */
export function isOwn(stats: Stats, size: number): boolean {
  return stats.isFile() && stats.size === size && stats.uid === process.geteuid?.() && !(stats.mode & 0o022);
}

/** Replaces a file atomically, its bytes synced before it is renamed; errors name `target`. */
export async function replaceFile(
  root: string,
  name: string,
  bytes: Uint8Array,
  target: string,
): Promise<void> {
  const temporary = await Temporary.create(join(root, name), 'file', 0o644);
  try {
    const file = await OutputFile.open(temporary.path, target);
    await file.append(bytes).finally(() => file.finish());
    await temporary.rename(join(root, name));
  } catch (error) {
    await temporary.remove();
    throw error;
  }
}

/** Undefined if the file cannot be read. */
export async function blobDigest(path: string): Promise<Digest | undefined> {
  const hash = createHash('sha256');
  try {
    const file = await open(path, 'r');
    try {
      // Reused, because a stream's buffers would keep the collector busy.
      const memory = Buffer.allocUnsafeSlow(READ_BYTES);
      for (let length = 1; length > 0; ) {
        length = (await file.read(memory, 0, READ_BYTES, null)).bytesRead;
        hash.update(memory.subarray(0, length));
      }
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
  return `sha256:${hash.digest('hex')}`;
}

export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
