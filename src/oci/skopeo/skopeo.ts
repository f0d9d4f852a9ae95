/** Runs `skopeo copy`, which knows every place an image can lie in; treeport itself knows OCI layouts and archives. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withTemporaryDirectory } from '../../base/temporary-directory.ts';
import { type Digest, type Platform, parseDigest } from '../model/descriptor.ts';
import { skopeoFault } from './skopeo-fault.ts';
import { SkopeoProcess } from './skopeo-process.ts';
import { type StallLimit, watchProgress } from './stall.ts';

export type SkopeoOptions = {
  /** Credentials for registries. */
  readonly authfile?: string;
};

export type CopyWords = {
  /** Before `copy`: `--override-arch`, `--policy`. */
  readonly global?: readonly string[];
  /** Behind it: credentials, TLS. */
  readonly copy?: readonly string[];
  /** Names the work in errors, if not the two places. */
  readonly what?: string;
  readonly watch?: ProgressWatch;
};

/** Ends skopeo when it has stalled. */
type ProgressWatch = {
  readonly stall: StallLimit | undefined;
  /** A number that changes while bytes come. */
  readonly progress: () => Promise<number>;
};

/** Copies an image between places in skopeo's notation; the digest of the manifest as it was written. */
export async function skopeoCopy(
  source: string,
  destination: string,
  { global = [], copy = [], what = `copying ${source} to ${destination}`, watch }: CopyWords = {},
): Promise<Digest> {
  return withTemporaryDirectory(async (directory) => {
    const digestFile = join(directory, 'digest');
    const words = [...global, 'copy', '--quiet', '--digestfile', digestFile, ...copy, source, destination];
    await skopeo(words, what, watch);
    return parseDigest((await readFile(digestFile, 'utf8')).trim(), `the digest of ${destination}`);
  });
}

/** Throws ERR_SKOPEO_MISSING where skopeo cannot be run: better before long work than after it. */
export async function requireSkopeo(): Promise<void> {
  await skopeo(['--version'], 'skopeo --version');
}

/** The words, before the command, that choose an image of several. */
export function platformWords(platform: Platform | undefined): readonly string[] {
  if (platform === undefined) return [];
  const { architecture, os, variant } = platform;
  const words = ['--override-arch', architecture, '--override-os', os];
  return variant === undefined ? words : [...words, '--override-variant', variant];
}

/** Runs skopeo to its end; `what` names the work in errors. */
async function skopeo(words: readonly string[], what: string, watch?: ProgressWatch): Promise<void> {
  const process = new SkopeoProcess(words);
  const state: { fault: Error | undefined } = { fault: undefined };
  const endWatch = watchProgress(watch?.stall, watch?.progress, (limit) => {
    state.fault = limit.fault(what);
    process.kill();
  });
  const end = await process.ended.finally(endWatch);
  if (end !== 0) throw state.fault ?? skopeoFault(what, process.lastWords || `it ended with ${end}`);
}
