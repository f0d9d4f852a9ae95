/**
 * How often packages change: the rate that a plan of layers weighs sizes with
 * (docs/decisions/0104-change-rates.md).
 *
 * Packages of one source are built together, so rates are those of sources. The rate of a source is the mean
 * of a Gamma distribution, in changes per day:
 *
 *     rate = (k + 1) / (W + 1 / (ρ · r))
 *
 * k is the number of changes in the recent window of W days, from changelogs, versions and observed builds. r
 * is the rate before the window, from the changelog with a half-life of two years; ρ is how much busier or
 * quieter the whole system is in the window. A source without a change in the window so gets a rate that
 * depends on its past, and one that changes is soon known by its changes alone.
 */
import type { Package } from './package.ts';

/** What previous builds of the system tell about a source. */
export type ObservedChanges = {
  /** Builds in which the source's version changed. */
  readonly changes: number;
  /** Days that the builds span. */
  readonly days: number;
};

export type ChangeRateOptions = {
  /** By name of the source package. */
  readonly observed?: ReadonlyMap<string, ObservedChanges>;
};

/** What the rates are made of: for a plan that explains itself. */
export type ChangeRates = {
  /** Changes per day. */
  of(one: Package): number;
  /** Days of the recent window. */
  readonly window: number;
};

const DAY = 86_400;
const YEAR = 365;
/** Of changes before the window. */
const HALF_LIFE = 2 * YEAR;
/** A source that is new to its changelog is assumed to change as often as this, until it shows. */
const PRIOR_DAYS = YEAR;
/** Fewer days say little: a system that was just released. */
const MIN_WINDOW = 30;
/**
 * Of the sources without a mark, how many had their last change before the freeze. The others are updates
 * without a mark, such as kernels and rebuilds.
 */
const FREEZE_QUANTILE = 0.85;
/** Versions of updates to a stable Debian or Ubuntu: `+deb12u3`, `~deb12u3`, `0ubuntu0.24.04.3`. */
const STABLE_UPDATE = /[+~]deb\d+u(\d+)|ubuntu\d+\.\d\d\.\d\d\.(\d+)/;

/**
 * Rates of sources without any history, from what is known of distributions: kernels, firmware and programs
 * that parse the network's data change often, data and documentation seldom. Per year.
 */
const USUAL: readonly (readonly [RegExp, number])[] = [
  [/^(?:linux|kernel)(?:$|-)|firefox|chromium|webkit|thunderbird/, 15],
  [/firmware|microcode|^(?:openssl|systemd|glibc|curl|podman|containerd|docker|golang|rust)/, 6],
  [/font|locale|-(?:docs?|data|l10n|icons?|themes?|backgrounds?)$|^(?:tzdata|man-pages)/, 1],
];
const USUAL_OTHERS = 2.5;

type Recent = { readonly k: number; readonly days: number };
type Source = { readonly name: string; times: readonly number[]; updates: number; built: number | undefined };

/** Equal packages give equal rates, whatever the clock says: time ends with the newest change. */
export function changeRates(packages: readonly Package[], options: ChangeRateOptions = {}): ChangeRates {
  const sources = sourcesOf(packages);
  const now = newestChange(sources);
  const start = windowStart(sources, now);
  const window = (now - start) / DAY;
  const past = new Map(sources.map((source) => [source.name, pastRate(source, start)]));
  const scale = scaleOf(sources, past, start, now);
  const rates = new Map<string, number>();
  for (const source of sources) {
    const { name } = source;
    const seen = options.observed?.get(name) ?? { changes: 0, days: 0 };
    const prior = scale * (past.get(name) ?? 0);
    const { k, days } = recentChanges(source, start, now);
    rates.set(name, (k + seen.changes + 1) / (days + seen.days + 1 / prior));
  }
  return { of: ({ source }) => rates.get(source) ?? USUAL_OTHERS / YEAR, window };
}

function sourcesOf(packages: readonly Package[]): readonly Source[] {
  const sources = new Map<string, Source>();
  for (const { source: name, changes, version, built } of packages) {
    const source = sources.get(name) ?? { name, times: [], updates: 0, built: undefined };
    // Some packages of a source have no changelog, or only a part of it.
    if (changes.length > source.times.length) source.times = changes;
    source.updates = Math.max(source.updates, stableUpdates(version));
    if (built !== undefined) source.built = Math.max(source.built ?? 0, built);
    sources.set(name, source);
  }
  return [...sources.values()];
}

/** The number of the update that the version is in its stable release; 0 if it is none. */
function stableUpdates(version: string): number {
  const [, debian, ubuntu] = STABLE_UPDATE.exec(version) ?? [];
  return Math.min(Number(debian ?? ubuntu ?? 0), 1000);
}

/**
 * A stable release is frozen: from then on, only sources with updates change. If versions show such updates,
 * the window begins when nearly all others had their last change; else a year ago.
 */
function windowStart(sources: readonly Source[], now: number): number {
  const recent = now - YEAR * DAY;
  if (!sources.some(({ updates }) => updates > 0)) return recent;
  const last = sources.flatMap(({ updates, times }) => (updates === 0 ? (times[0] ?? []) : []));
  if (last.length === 0) return recent;
  const sorted = last.toSorted((a, b) => a - b);
  const freeze = sorted[Math.floor((sorted.length - 1) * FREEZE_QUANTILE)] ?? recent;
  return Math.min(freeze, now - MIN_WINDOW * DAY);
}

/**
 * Changes in the window, and the days in which they were seen: the whole window if there is a changelog or
 * an update's number. If only the last build is known, there was one change, and none since.
 */
function recentChanges({ times, updates, built }: Source, start: number, now: number): Recent {
  const window = (now - start) / DAY;
  if (times.length > 0 || updates > 0)
    return { k: Math.max(times.filter((time) => time > start).length, updates), days: window };
  return built === undefined ? { k: 0, days: 0 } : { k: 1, days: Math.max(now - built, 0) / DAY };
}

/** Changes per day before the window. Each counts half as much two years earlier. */
function pastRate({ name, times }: Source, start: number): number {
  const usual = (USUAL.find(([names]) => names.test(name))?.[1] ?? USUAL_OTHERS) / YEAR;
  const past = times.filter((time) => time <= start);
  const span = past.length === 0 ? 0 : (start - (past.at(-1) ?? start)) / DAY;
  const decay = Math.LN2 / HALF_LIFE;
  const weight = past.reduce((sum, time) => sum + Math.exp((-decay * (start - time)) / DAY), 0);
  const days = (1 - Math.exp(-decay * span)) / decay;
  return (weight + usual * PRIOR_DAYS) / (days + PRIOR_DAYS);
}

/** How many changes happened in the window for each that the past lets expect. */
function scaleOf(
  sources: readonly Source[],
  past: ReadonlyMap<string, number>,
  start: number,
  now: number,
): number {
  const sums = { expected: 0, happened: 0 };
  for (const source of sources) {
    if (source.times.length === 0) continue;
    const { k, days } = recentChanges(source, start, now);
    sums.expected += (past.get(source.name) ?? 0) * days;
    sums.happened += k;
  }
  return (sums.happened + 1) / (sums.expected + 1);
}

/** A few sources may have wrong dates in the future, so the newest of all does not count in large systems. */
function newestChange(sources: readonly Source[]): number {
  const newest = sources.map(({ times, built }) => times[0] ?? built ?? 0).toSorted((a, b) => b - a);
  return newest[Math.floor(newest.length / 50)] ?? 0;
}
