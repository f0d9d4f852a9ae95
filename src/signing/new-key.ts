/**
 * Makes ed25519 keys in ostree's file format: `FILE` with the secret key, `FILE.pub` with the public one.
 * Both have mode 0600 from the start and appear complete; neither replaces a file.
 */

import { rmSync } from 'node:fs';
import { link, lstat, open, rm } from 'node:fs/promises';
import { temporaryName, writeError } from '../base/atomic-file.ts';
import { onEarlyExit } from '../base/cleanup.ts';
import { errnoOf, TreeportError } from '../base/errors.ts';
import { newEd25519Pair } from '../ostree/sign/ed25519.ts';

const OWNER_ONLY = 0o600;

/** Returns the public key, base64 of 32 bytes; ERR_KEY_EXISTS if one of the files exists. */
export async function writeNewKey(file: string): Promise<string> {
  const pair = newEd25519Pair();
  const publicFile = `${file}.pub`;
  await refuseExisting(publicFile);
  // The secret key first: a public key alone would be of no use.
  await writeNew(file, pair.secret);
  await writeNew(publicFile, pair.public);
  return pair.public;
}

async function refuseExisting(path: string): Promise<void> {
  if (await lstat(path).catch(() => undefined)) throw exists(path);
}

async function writeNew(path: string, text: string): Promise<void> {
  const temporary = temporaryName(path);
  const unregister = onEarlyExit(() => rmSync(temporary, { force: true }));
  try {
    {
      await using handle = await open(temporary, 'wx', OWNER_ONLY);
      await handle.writeFile(`${text}\n`);
      await handle.sync();
    }
    // Unlike a rename, a link fails if the name is taken.
    await link(temporary, path);
  } catch (error) {
    throw errnoOf(error) === 'EEXIST' ? exists(path) : writeError(error, path);
  } finally {
    await rm(temporary, { force: true });
    unregister();
  }
}

function exists(path: string): TreeportError {
  return new TreeportError(
    'ERR_KEY_EXISTS',
    `${path} exists already and is not overwritten; name another file`,
  );
}
