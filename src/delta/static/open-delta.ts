/**
 * Opens a static delta: of a repository by name, or a superblock file (or a directory that holds one) with
 * its parts beside it, as `ostree static-delta --filename` writes them. Parts are inline or in files, each on
 * its own.
 */
import { statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { isTreeportError, messageOf, TreeportError } from '../../base/errors.ts';
import { readBeneath } from '../../base/open-beneath.ts';
import { checksumOf } from '../../ostree/checksum.ts';
import { type DeltaName, deltaDirectory, deltaKey } from '../../ostree/delta-name.ts';
import { MAX_METADATA_BYTES } from '../../ostree/limits.ts';
import { dictView } from '../../ostree/metadata-dict.ts';
import { deltaFault, partFault } from './delta-fault.ts';
import { readPartFile } from './part-file.ts';
import type { PartPayload } from './part-payload.ts';
import { type SignedSuperblock, unwrapSuperblock } from './signed-superblock.ts';
import { type PartHeader, parseSuperblock, partPath, type Superblock } from './superblock.ts';
import { superblockTooLarge } from './superblock-size.ts';

export type StaticDelta = SignedSuperblock & {
  /** As messages call it. */
  readonly what: string;
  /** The superblock file, with a wrapper if it has one. */
  readonly file: Buffer;
  readonly parsed: Superblock;
  /** The bytes of a part file, inline or not, unverified; ERR_DELTA_PART if there is none. */
  partFile(index: number): Buffer;
};

/** Clients that pull do not read such files, so they may be larger: a bundle has its parts inline. */
const MAX_OFFLINE_BYTES = 2 ** 32;

/** ERR_DELTA_MISSING, ERR_DELTA_CORRUPT, ERR_DELTA_TOO_LARGE, ERR_FILE_UNSAFE, ERR_IO. */
export function openStoredDelta(repoPath: string, name: DeltaName): StaticDelta {
  const what = `delta ${deltaKey(name)}`;
  const directory = deltaDirectory(name);
  const read = (file: string, maxBytes: number) =>
    readingDelta(what, () => readBeneath(repoPath, `${directory}/${file}`, { maxBytes }));
  const file = withinClientsLimit(what, () => read('superblock', MAX_METADATA_BYTES));
  if (file === undefined)
    throw new TreeportError('ERR_DELTA_MISSING', `repository ${repoPath} has no ${what}`);
  const delta = openSuperblock(what, file, read);
  const { from, to } = delta.parsed;
  if (deltaKey({ from, to }) === deltaKey(name)) return delta;
  throw deltaFault(`the superblock of ${what} is that of delta ${deltaKey({ from, to })}`);
}

/** The same, without clients' limit; `path` is a superblock file, or a directory with one. */
export function openDeltaFile(path: string): StaticDelta {
  const what = `delta ${path}`;
  const isDirectory = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const root = resolve(isDirectory ? path : dirname(path));
  const read = (file: string, maxBytes: number) =>
    readingDelta(what, () => readBeneath(root, file, { maxBytes, links: 'inside' }));
  const file = read(isDirectory ? 'superblock' : basename(path), MAX_OFFLINE_BYTES);
  if (file === undefined) throw new TreeportError('ERR_DELTA_MISSING', `there is no superblock at ${path}`);
  return openSuperblock(what, file, read);
}

/** The payload of a part; the errors of `readPartFile`. */
export function readPart(delta: StaticDelta, index: number): PartPayload {
  const header = delta.parsed.parts[index] as PartHeader;
  return readPartFile(header, delta.partFile(index), { what: `part ${index} of ${delta.what}` });
}

function openSuperblock(
  what: string,
  file: Buffer,
  read: (file: string, maxBytes: number) => Buffer | undefined,
): StaticDelta {
  const { signed, parsed } = parsing(what, () => {
    const signed = unwrapSuperblock(file);
    return { signed, parsed: parseSuperblock(signed.superblock) };
  });
  if (checksumOf(parsed.commit) !== parsed.to)
    throw deltaFault(`the commit in the superblock of ${what} is not commit ${parsed.to}`);
  return { ...signed, what, file, parsed, partFile: (index) => partFile(what, parsed, index, read) };
}

function partFile(
  what: string,
  superblock: Superblock,
  index: number,
  read: (file: string, maxBytes: number) => Buffer | undefined,
): Buffer {
  const inline = dictView(superblock.metadata, partPath(superblock, index), '(yay)');
  // Compression, then payload: the same bytes as in a file, because nothing in between is aligned.
  if (inline !== undefined) return inline.bytes;
  const { size } = superblock.parts[index] as PartHeader;
  try {
    const file = read(`${index}`, size);
    if (file !== undefined) return file;
  } catch (error) {
    if (!isTreeportError(error, 'ERR_FILE_TOO_LARGE')) throw error;
    throw partFault(`part ${index} of ${what} is larger than its header says, ${size} bytes`, error);
  }
  throw partFault(`part ${index} of ${what} is missing`);
}

function withinClientsLimit<Value>(what: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (!isTreeportError(error, 'ERR_FILE_TOO_LARGE')) throw error;
    throw superblockTooLarge(`the superblock of ${what} is larger`, error);
  }
}

function parsing<Value>(what: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    if (!isTreeportError(error)) throw error;
    throw deltaFault(`the superblock of ${what} is malformed: ${error.message}`, error);
  }
}

function readingDelta<Value>(what: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (isTreeportError(error)) throw error;
    throw new TreeportError('ERR_IO', `cannot read ${what}: ${messageOf(error)}`, { cause: error });
  }
}
