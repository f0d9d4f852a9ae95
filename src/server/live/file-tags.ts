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
    const { content, size } = file;
    if (typeof content !== 'number') return hash('sha256', content);
    const key = keyOf(file);
    const known = this.#tags.get(key);
    if (known !== undefined) return known;
    const tag = digestOf(content, size);
    this.#remember(key, tag);
    tag.catch(() => this.#tags.delete(key));
    return tag;
  }

  /** Remembers the tag of a file whose bytes this process has hashed and written. */
  know(file: PlainFile, tag: string): void {
    this.#remember(keyOf(file), Promise.resolve(tag));
  }

  #remember(key: string, tag: Promise<string>): void {
    this.#tags.set(key, tag);
    const [oldest] = this.#tags.keys();
    if (this.#tags.size > MAX_REMEMBERED && oldest !== undefined) this.#tags.delete(oldest);
  }
}

function keyOf({ inode, size, modified, changed }: PlainFile): string {
  return `${inode}-${size}-${modified}-${changed}`;
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
