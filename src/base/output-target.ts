/**
 * Writes a verb's output to a path given by the user. A regular file is replaced; through a symlink its
 * target is replaced, not the link. A device, a FIFO or an open descriptor is written to.
 */
import { constants, openSync, type Stats } from 'node:fs';
import { open, readlink, realpath, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { writeError, writeFileAtomic, writePieces } from './atomic-file.ts';
import { errnoOf, TreeportError } from './errors.ts';

/** The kernel's limit. */
const MAX_LINKS = 40;
const READER_POLL_MS = 50;
/** `/proc/PID/fd`: its symlinks are open files that may have no name. */
const DESCRIPTORS = /^\/proc\/[^/]+(?:\/task\/[^/]+)?\/fd$/;

/** Writes to `path`, depending on what it is; errors name `path`. */
export async function writeToPath(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const target = await followLinks(path);
  const found = await stat(target).catch(() => undefined);
  if (found === undefined || (found.isFile() && !isDescriptor(target)))
    return writeFileAtomic(target, pieces);
  if (found.isDirectory()) throw new TreeportError('ERR_IO', `cannot write ${path}: it is a directory`);
  try {
    await writeInto(target, found, pieces);
  } catch (error) {
    throw writeError(error, path);
  }
}

/** The path that the symlinks at `path` lead to, existing or not; links to descriptors are not followed. */
export async function followLinks(path: string): Promise<string> {
  let current = resolve(path);
  for (let links = 0; links < MAX_LINKS; links += 1) {
    const folder = await realpath(dirname(current)).catch(() => undefined);
    if (folder === undefined) return current;
    current = join(folder, basename(current));
    const link = isDescriptor(current) ? undefined : await readlink(current).catch(() => undefined);
    if (link === undefined) return current;
    current = resolve(folder, link);
  }
  throw new TreeportError('ERR_IO', `cannot write ${path}: too many symlinks`);
}

function isDescriptor(path: string): boolean {
  return DESCRIPTORS.test(dirname(path));
}

async function writeInto(path: string, found: Stats, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  if (found.isFIFO()) {
    // A socket, because a blocking write would occupy a libuv thread and keep the process from exiting.
    const fifo = await openFifo(path);
    return pipeline(pieces, new Socket({ fd: fifo, readable: false, writable: true }));
  }
  await using file = await open(path, constants.O_WRONLY | constants.O_NOCTTY);
  await writePieces(file, pieces);
}

/** Waits until a process reads the FIFO; returns a non-blocking descriptor. */
async function openFifo(path: string): Promise<number> {
  for (;;) {
    try {
      return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if (errnoOf(error) !== 'ENXIO') throw error;
    }
    await delay(READER_POLL_MS);
  }
}
