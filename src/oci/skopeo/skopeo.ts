/** Runs `skopeo copy`, for the transports that treeport does not implement itself. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withTemporaryDirectory } from '../../base/temporary-directory.ts';
import { type Digest, type Platform, parseDigest } from '../model/descriptor.ts';
import { skopeoFault } from './skopeo-fault.ts';
import { SkopeoProcess } from './skopeo-process.ts';
import { type StallLimit, watchProgress } from './stall.ts';

export type CopyOptions = {
  /** Options before `copy`: `--override-arch`, `--policy`. */
  readonly global?: readonly string[];
  /** Options after `copy`: credentials, TLS. */
  readonly copy?: readonly string[];
  /** Text for skopeo's standard input. */
  readonly input?: string | undefined;
  /** Names the operation in errors. Default: copying between the two places. */
  readonly what?: string;
  readonly watch?: ProgressWatch | undefined;
  /** Called with the pid when skopeo has started; what it returns is called at the end. */
  readonly onStart?: ((pid: number) => () => void) | undefined;
  /** Receives the messages of skopeo's log of what it does. */
  readonly onDebug?: ((message: string) => void) | undefined;
};

/** Kills skopeo when it has stalled. */
type ProgressWatch = {
  readonly stall: StallLimit | undefined;
  /** A number that changes while bytes arrive. */
  readonly progress: () => Promise<number>;
};

/** Copies an image between places in skopeo's notation; returns the digest of the manifest as written. */
export async function skopeoCopy(
  source: string,
  destination: string,
  {
    global = [],
    copy = [],
    input,
    what = `copying ${source} to ${destination}`,
    watch,
    onStart,
    onDebug,
  }: CopyOptions = {},
): Promise<Digest> {
  return withTemporaryDirectory(async (directory) => {
    const digestFile = join(directory, 'digest');
    const args = [...global, 'copy', '--quiet', '--digestfile', digestFile, ...copy, source, destination];
    await skopeo(args, { what, input, watch, onStart, onDebug });
    return parseDigest((await readFile(digestFile, 'utf8')).trim(), `the digest of ${destination}`);
  });
}

/** ERR_SKOPEO_MISSING if skopeo cannot be run; called before long work so that it fails early. */
export async function requireSkopeo(): Promise<void> {
  await skopeo(['--version'], { what: 'skopeo --version' });
}

/** The options before the command that select a platform. */
export function platformArgs(platform: Platform | undefined): readonly string[] {
  if (platform === undefined) return [];
  const { architecture, os, variant } = platform;
  const args = ['--override-arch', architecture, '--override-os', os];
  return variant === undefined ? args : [...args, '--override-variant', variant];
}

export type RunOptions = Pick<CopyOptions, 'input' | 'watch' | 'onStart' | 'onDebug'> & {
  /** Open file for its standard output. */
  readonly output?: number;
  /** Names the operation in errors. */
  readonly what: string;
};

/** Runs skopeo to completion. */
export async function skopeo(
  args: readonly string[],
  { what, input, output, watch, onStart, onDebug }: RunOptions,
): Promise<void> {
  const process = new SkopeoProcess(args, { input, output, onDebug });
  const state: { fault: Error | undefined } = { fault: undefined };
  const endWatch = watchProgress(watch?.stall, watch?.progress, (limit) => {
    state.fault = limit.fault(what);
    process.kill();
  });
  const onEnd = process.pid === undefined ? undefined : onStart?.(process.pid);
  const end = await process.ended.finally(() => {
    endWatch();
    onEnd?.();
  });
  if (end !== 0) throw state.fault ?? skopeoFault(what, process.lastMessage || `it ended with ${end}`);
}
