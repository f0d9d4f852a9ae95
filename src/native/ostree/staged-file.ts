/**
 * The file of a content object, written into the staging directory as libostree does it
 * (ostree-repo-commit.c): without a name until it is complete. In mode bare owner, extended attributes and
 * mode are as committed, mtime is 0; in mode archive the mode is 0644
 * (docs/decisions/0092-staging-by-ourselves.md).
 */
import { closeSync, constants, fchmodSync, fchownSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '../../base/errors.ts';
import { PERMISSIONS } from '../../ostree/dirmeta.ts';
import type { FileHeader } from '../../ostree/file-header.ts';
import { parseXattrs } from '../../ostree/xattrs.ts';
import { clearModified, linkOpen, setXattr } from '../libc/open-files.ts';
import { startWritebackOf } from '../libc/writeback.ts';

const ARCHIVE_MODE = 0o644;
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/** Errors are Node's. */
export class StagedFile implements Disposable {
  readonly #descriptor: number;

  constructor(directory: string) {
    this.#descriptor = openSync(directory, O_TMPFILE | constants.O_WRONLY, 0o600);
  }

  /** Writes all bytes, at an offset of the file. */
  write(bytes: Uint8Array, offset: number): void {
    for (let done = 0; done < bytes.length; )
      done += writeSync(this.#descriptor, bytes, done, bytes.length - done, offset + done);
  }

  /** Sets owner and extended attributes. */
  own({ uid, gid, xattrs }: FileHeader): void {
    fchownSync(this.#descriptor, uid, gid);
    if (xattrs.length > 0)
      for (const { name, value } of parseXattrs(xattrs)) setXattr(this.#descriptor, name, value);
  }

  /**
   * Makes it the object at `path` of an archive repository, when all is written. False if there is one, which
   * stays.
   */
  finishArchive(path: string): boolean {
    fchmodSync(this.#descriptor, ARCHIVE_MODE);
    return link(this.#descriptor, path);
  }

  /** The same for a bare repository. */
  finish(header: FileHeader, path: string): boolean {
    // Here again if it was called before, because writing removes capabilities.
    this.own(header);
    fchmodSync(this.#descriptor, header.mode & PERMISSIONS);
    clearModified(this.#descriptor);
    return link(this.#descriptor, path);
  }

  startWriteback(): void {
    startWritebackOf(this.#descriptor);
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }
}

/** False for file systems that have no unnamed files, as some below FUSE. */
export function canStageFiles(directory: string): boolean {
  try {
    new StagedFile(directory)[Symbol.dispose]();
    return true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

function link(descriptor: number, path: string): boolean {
  try {
    linkOpen(descriptor, path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    if (errnoOf(error) !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true });
    return link(descriptor, path);
  }
}
