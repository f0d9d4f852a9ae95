/**
 * Detects stalled transfers from registries: skopeo waits forever on an open connection that delivers no
 * bytes. Only the time spent waiting for skopeo counts; a slow reader does not.
 */
import { TreeportError } from '../../base/errors.ts';
import type { ImageReference } from '../model/reference.ts';
import type { RegistryAccess } from './registry-access.ts';

/** Seconds. */
export const DEFAULT_STALL_TIMEOUT = 60;

export type StallLimit = {
  readonly milliseconds: number;
  /** The error; `what` names what was waited for. */
  readonly fault: (what: string) => TreeportError;
};

/** The limit for this image; undefined if the timeout is 0 or the image is not in a registry. */
export function stallLimit(
  { transport }: ImageReference,
  { stallTimeout = DEFAULT_STALL_TIMEOUT }: RegistryAccess,
): StallLimit | undefined {
  if (transport !== 'registry' || stallTimeout === 0) return undefined;
  return {
    milliseconds: stallTimeout * 1000,
    fault: (what) =>
      new TreeportError(
        'ERR_REGISTRY_STALLED',
        `${what}: the registry sent nothing for ${stallTimeout} s; try again, or allow more time with --stall-timeout`,
      ),
  };
}

/** Calls `onStall` if the wait exceeds the limit; returns a function that ends the wait. */
export function watchForStall(limit: StallLimit | undefined, onStall: () => void): () => void {
  if (limit === undefined) return () => {};
  const timer = setTimeout(onStall, limit.milliseconds);
  return () => clearTimeout(timer);
}

/** Maximum interval between progress checks, in milliseconds. */
const LOOK_INTERVAL = 1000;

/**
 * Calls `onStall` if `progress`, a number that changes while bytes arrive, stays the same for longer than the
 * limit; returns a function that ends the watch.
 */
export function watchProgress(
  limit: StallLimit | undefined,
  progress: (() => Promise<number>) | undefined,
  onStall: (limit: StallLimit) => void,
): () => void {
  if (limit === undefined || progress === undefined) return () => {};
  const interval = Math.min(LOOK_INTERVAL, limit.milliseconds / 4);
  const seen = { progress: 0, since: 0 };
  const look = async () => {
    const now = await progress();
    seen.since = now === seen.progress ? seen.since + interval : 0;
    seen.progress = now;
    if (seen.since >= limit.milliseconds) onStall(limit);
  };
  const timer = setInterval(look, interval);
  return () => clearInterval(timer);
}
