/**
 * Values derived from files that may change at any time, cached for as long as the fingerprint of those files
 * stays the same: names, sizes, inodes and time stamps.
 *
 * Time stamps are coarse: a file that changed shortly before the fingerprint was taken may change again
 * without a trace. So a value is trusted only if the newest stamp was at least {@link SETTLING_MS} old when
 * it was derived.
 */
import { createHash } from 'node:crypto';
import { lstatSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

export type Fingerprint = {
  readonly text: string;
  /** The newest modification time in it; milliseconds since 1970. */
  readonly newest: number;
  /** How many files and directories were examined. */
  readonly entries: number;
};

export type Derived<T> = {
  readonly value: T;
  /** False if the value may change without a change of the fingerprint. */
  readonly settled: boolean;
};

type Known<T> = {
  readonly value: T;
  /** Undefined if the value must not be trusted. */
  readonly fingerprint: string | undefined;
  /** Until when the fingerprint is not checked; milliseconds since 1970. */
  readonly freshUntil: number;
};

const SETTLING_MS = 1000;
/** Above this many entries checks are throttled to a tenth of the time: an entry costs about 5 µs. */
const CHEAP_ENTRIES = 1000;
const FRESH_MS_PER_ENTRY = 0.05;

export class Live<T> {
  readonly #fingerprint: () => Promise<Fingerprint>;
  readonly #derive: (fingerprint: Fingerprint) => Promise<Derived<T>>;
  #known: Known<T> | undefined;
  #checking: Promise<T> | undefined;

  constructor(
    fingerprint: () => Promise<Fingerprint>,
    derive: (fingerprint: Fingerprint) => Promise<Derived<T>>,
  ) {
    this.#fingerprint = fingerprint;
    this.#derive = derive;
  }

  /** The current value; concurrent calls share one check. */
  async get(): Promise<T> {
    if (this.#known !== undefined && Date.now() < this.#known.freshUntil) return this.#known.value;
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  async #check(): Promise<T> {
    const start = Date.now();
    const print = await this.#fingerprint();
    const { value, fingerprint } =
      this.#known?.fingerprint === print.text ? this.#known : await this.#fresh(print, start);
    const isCheap = print.entries <= CHEAP_ENTRIES;
    const freshUntil = isCheap ? 0 : Date.now() + print.entries * FRESH_MS_PER_ENTRY;
    this.#known = { value, fingerprint, freshUntil };
    return value;
  }

  async #fresh(print: Fingerprint, now: number): Promise<Omit<Known<T>, 'freshUntil'>> {
    const { value, settled } = await this.#derive(print);
    const isTrusted = settled && Math.abs(now - print.newest) > SETTLING_MS;
    return { value, fingerprint: isTrusted ? print.text : undefined };
  }
}

export type FingerprintOptions = {
  /** Follow symlinks given as paths; symlinks below a directory are never followed. */
  readonly followLinks?: boolean;
};

/** Covers the paths and everything below them; that a path is absent is part of the fingerprint. */
export async function fingerprintOf(
  paths: readonly string[],
  { followLinks = false }: FingerprintOptions = {},
): Promise<Fingerprint> {
  const seen = new Seen();
  for (const path of paths) await visit(path, seen, followLinks ? statSync : lstatSync);
  return { text: seen.digest.digest('hex'), newest: seen.newest, entries: seen.entries };
}

class Seen {
  readonly digest = createHash('sha256');
  newest = 0;
  entries = 0;
}

async function visit(path: string, seen: Seen, look: typeof statSync = lstatSync): Promise<void> {
  const stats = look(path, { throwIfNoEntry: false });
  seen.entries += 1;
  if (stats === undefined) {
    seen.digest.update(`${path}\0absent\n`);
    return;
  }
  seen.newest = Math.max(seen.newest, stats.mtimeMs);
  seen.digest.update(`${path}\0${stats.ino} ${stats.size} ${stats.mtimeMs} ${stats.ctimeMs}\n`);
  if (!stats.isDirectory()) return;
  const names = await readdir(path).catch(() => []);
  for (const name of names.sort()) await visit(join(path, name), seen);
}
