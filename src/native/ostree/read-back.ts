/**
 * Reads a content object of an archive repository back after libostree wrote it, because libostree ignores
 * errors of the last bytes of a compressed file, which GLib writes when the stream is disposed of.
 *
 * The bytes are compared with those given, which are still in memory: that takes half as long as
 * `ostree_repo_fsck_object`, which hashes them, with GLib's SHA-256 on Debian.
 */
import { readFileSync } from 'node:fs';
import { errnoOf, isTreeportError } from '../../base/errors.ts';
import { hashedHeader, isSymlink, parseArchiveHeader } from '../../ostree/file-header.ts';
import { inflateWhole } from '../../ostree/inflate.ts';

/** True if the `.filez` at `path` holds exactly the object of this hashed stream (header and file bytes). */
export function holdsObject(path: string, stream: Uint8Array): boolean {
  try {
    const file = readFileSync(path);
    const { header, size, length } = parseArchiveHeader(file, path);
    const head = hashedHeader(header);
    if (head.length + size !== stream.length || !head.equals(stream.subarray(0, head.length))) return false;
    const body = file.subarray(length);
    if (isSymlink(header)) return body.length === 0;
    return inflateWhole(body, size, path).equals(stream.subarray(head.length));
  } catch (error) {
    if (isTreeportError(error) || errnoOf(error) !== undefined) return false;
    throw error;
  }
}
