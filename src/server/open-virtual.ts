/** Opens the virtual deltas of a mirror, as its options say: of one profile, or by themselves. */
import type { VirtualProfile } from '../delta/virtual/virtual-delta.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { DiskCache, type DiskCacheOptions } from './content/disk-cache.ts';
import { IdleGate } from './content/idle-gate.ts';
import { PARTS_FOLDER } from './content/kept-parts.ts';
import { VirtualParts } from './content/virtual-parts.ts';
import { RoundTrips } from './http/round-trips.ts';
import { AutoDeltas, type OfferedDeltas } from './live/auto-deltas.ts';
import type { LiveRepository } from './live/live-summary.ts';
import { createVirtualAnswers, type VirtualAnswers } from './live/virtual-answers.ts';
import { VirtualDeltas } from './live/virtual-deltas.ts';
import { VirtualService } from './live/virtual-service.ts';
import type { Settings } from './options.ts';
import type { RequestWatch } from './repo-answers.ts';

export type OpenedVirtual = {
  readonly answers: VirtualAnswers;
  readonly watch?: RequestWatch;
  /** Bytes of the parts in the cache. */
  cachedBytes(): number;
  close(): Promise<void>;
};

export type VirtualContext = {
  readonly settings: Settings;
  readonly repo: Repository;
  readonly live: LiveRepository;
  /** The cache of objects. */
  readonly cache: Omit<DiskCacheOptions, 'encoder'> | undefined;
  /** Aborted when the server begins to close. */
  readonly signal: AbortSignal;
};

/** What `auto` offers. */
const AUTO_PROFILE: VirtualProfile = 'wan';

/** Undefined if no virtual deltas are offered. */
export async function openVirtual(context: VirtualContext): Promise<OpenedVirtual | undefined> {
  const { virtualDeltas: profile } = context.settings;
  if (profile === 'none') return undefined;
  if (profile === 'auto') return context.cache === undefined ? undefined : openAuto(context);
  const { signal } = context;
  const beforePart = async () => signal.throwIfAborted();
  const { service, offered } = await openProfile(context, profile, beforePart);
  service.computeHeads();
  return offered;
}

function openAuto(context: VirtualContext): OpenedVirtual {
  const { settings, signal } = context;
  const roundTrips = new RoundTrips();
  const gate = new IdleGate({ idleMs: settings.idleMs });
  const open = async () => (await openProfile(context, AUTO_PROFILE, () => gate.pass(signal))).offered;
  const auto = new AutoDeltas({ open, roundTrips, logger: settings.logger });
  return {
    answers: auto,
    watch: {
      documentRequested(request) {
        gate.disturb();
        roundTrips.documentRequested(request);
      },
      documentAnswered: (request) => roundTrips.documentAnswered(request),
      objectRequested(request) {
        gate.disturb();
        roundTrips.objectRequested(request);
      },
    },
    cachedBytes: () => auto.cachedBytes(),
    close: () => auto.close(),
  };
}

async function openProfile(
  { settings, repo, live, cache: options, signal }: VirtualContext,
  profile: VirtualProfile,
  beforePart: () => Promise<void>,
): Promise<{ readonly service: VirtualService; readonly offered: OfferedDeltas }> {
  const { counters, logger } = settings;
  const cache = options && (await DiskCache.open(partsCache(options)));
  const deltas = new VirtualDeltas(logger, counters);
  const onFault = (...fault: Parameters<VirtualDeltas['failed']>) => void deltas.failed(...fault);
  const parts = new VirtualParts({ profile, objects: repo.objects, cache, counters, onFault });
  const service = new VirtualService({ profile, repo, live, deltas, parts, logger, signal, beforePart });
  // Before the server listens, so that the first client is offered them.
  service.start();
  const find = (to: Checksum) => deltas.find({ from: undefined, to });
  const onAsked = (to: Checksum) => void service.asked(to).catch(() => {});
  return {
    service,
    offered: {
      answers: createVirtualAnswers({ live, deltas, parts, onAsked }),
      objectsOf: (to) => find(to)?.parts.reduce((sum, { objects }) => sum + objects.length, 0),
      isReady(to) {
        const delta = find(to);
        return delta !== undefined && parts.areReady(delta);
      },
      cachedBytes: () => cache?.bytes ?? 0,
      prepare: (to) => service.prepare(to),
      async close() {
        await service.close();
        await parts.close();
      },
    },
  };
}

/** Half of the cache. */
function partsCache({
  maxBytes,
  reservedBytes: _,
  ...options
}: Omit<DiskCacheOptions, 'encoder'>): DiskCacheOptions {
  return { ...options, maxBytes: maxBytes / 2, encoder: PARTS_FOLDER };
}
