/** Runs `skopeo copy`, which knows every place an image can lie in; treeport itself knows OCI layouts and archives. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onEarlyExit } from '../base/cleanup.ts';
import { errnoOf, messageOf, TreeportError } from '../base/errors.ts';
import { withTemporaryDirectory } from '../base/temporary-directory.ts';
import { type Digest, type Platform, parseDigest } from './descriptor.ts';

export type SkopeoOptions = {
  /** Credentials for registries. */
  readonly authfile?: string;
  /** Which image of a multi-platform source is copied; this machine's by default. */
  readonly platform?: Platform;
};

/** Enough of what skopeo says to see why it failed. */
const MAX_WORDS = 16 * 1024;

/** Copies an image between places in skopeo's notation; the digest of the manifest as it was written. */
export async function skopeoCopy(
  source: string,
  destination: string,
  options: SkopeoOptions = {},
): Promise<Digest> {
  return withTemporaryDirectory(async (directory) => {
    const digestFile = join(directory, 'digest');
    const { authfile, platform } = options;
    await skopeo([
      ...(platform === undefined ? [] : platformOptions(platform)),
      'copy',
      '--quiet',
      '--digestfile',
      digestFile,
      ...(authfile === undefined ? [] : ['--authfile', authfile]),
      source,
      destination,
    ]);
    return parseDigest((await readFile(digestFile, 'utf8')).trim(), `the digest of ${destination}`);
  });
}

/** Throws ERR_SKOPEO_MISSING where skopeo cannot be run: better before long work than after it. */
export async function requireSkopeo(): Promise<void> {
  await skopeo(['--version']);
}

function platformOptions({ architecture, os, variant }: Platform): readonly string[] {
  const words = ['--override-arch', architecture, '--override-os', os];
  return variant === undefined ? words : [...words, '--override-variant', variant];
}

/** Runs skopeo; ERR_SKOPEO_MISSING if it is not installed, ERR_SKOPEO with its own words if it fails. */
async function skopeo(words: readonly string[]): Promise<void> {
  const child = spawn('skopeo', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  const said: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.push(text);
    if (said.join('').length > MAX_WORDS) said.splice(0, said.length, said.join('').slice(-MAX_WORDS));
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | NodeJS.Signals | null>();
  child.once('error', reject);
  child.once('close', (status, signal) => resolve(signal ?? status));
  const unregister = onEarlyExit(() => child.kill('SIGTERM'));
  try {
    const end = await promise;
    if (end !== 0)
      throw new TreeportError(
        'ERR_SKOPEO',
        `skopeo copy failed: ${lastWords(said.join('')) || `it ended with ${end}`}`,
      );
  } catch (error) {
    throw startFault(error);
  } finally {
    unregister();
  }
}

function startFault(error: unknown): unknown {
  if (errnoOf(error) !== 'ENOENT') return error;
  return new TreeportError(
    'ERR_SKOPEO_MISSING',
    'skopeo is not installed or not on PATH; install the package skopeo, or use an oci: or oci-archive: image',
    { cause: error },
  );
}

/** The message of skopeo's last log line (`time="…" level=fatal msg="…"`), or all it said. */
function lastWords(text: string): string {
  const quoted = [...text.matchAll(/msg=("(?:[^"\\]|\\.)*")/g)].at(-1)?.[1];
  try {
    return messageOf(quoted === undefined ? text : JSON.parse(quoted));
  } catch {
    return messageOf(text);
  }
}
