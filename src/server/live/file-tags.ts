/**
 * Entity tags of files that are sent unchanged: the digest of their bytes. Size and mtime would not do: in an
 * image every file has the same mtime, and two mirrors of equal bytes have different ones. The digest of a
 * large file is cached for as long as inode, size, mtime and ctime stay the same.
 */
import { createHash, hash } from 'node:crypto';
import { read } from 'node:fs';
import { promisify } from 'node:util';
import { PIECE_BYTES } from '../http/piece-stream.ts';
import type { PlainFile } from '../http/plain-file.ts';

const MAX_REMEMBERED = 1000;

const readAt = promisify(read);

export class FileTags {
  readonly #tags = new Map<string, Promise<string>>();

  /** Does not move the file's position. Rejects with the system's errors. */
  of(file: PlainFile): Promise<string> | string {
    const { content, size, inode, modified, changed } = file;
    if (typeof content !== 'number') return hash('sha256', content);
    const key = `${inode}-${size}-${modified}-${changed}`;
    const known = this.#tags.get(key);
    if (known !== undefined) return known;
    const tag = digestOf(content, size);
    this.#tags.set(key, tag);
    tag.catch(() => this.#tags.delete(key));
    const [oldest] = this.#tags.keys();
    if (this.#tags.size > MAX_REMEMBERED && oldest !== undefined) this.#tags.delete(oldest);
    return tag;
  }
}

async function digestOf(descriptor: number, size: number): Promise<string> {
  const digest = createHash('sha256');
  const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  for (let position = 0; position < size; ) {
    const { bytesRead } = await readAt(
      descriptor,
      piece,
      0,
      Math.min(piece.length, size - position),
      position,
    );
    if (bytesRead === 0) break;
    digest.update(piece.subarray(0, bytesRead));
    position += bytesRead;
  }
  return digest.digest('hex');
}
