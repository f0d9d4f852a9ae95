/** The options of a mirror and of the server around it, and their defaults. */
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { TreeportError } from '../base/errors.ts';
import type { VirtualProfile } from '../delta/virtual/virtual-delta.ts';
import type { Repository } from '../ostree/repo/open.ts';
import type { Signer } from '../ostree/sign/signer.ts';
import type { DeflateLevel } from './content/encoded-objects.ts';
import { type Counters, newCounters } from './http/counters.ts';
import { RequestLog, type WriteRequestLine } from './http/request-log.ts';

/** Options of the Fastify plugin (mirror.ts). */
export type MirrorOptions = {
  /** The repository to serve, of any mode. */
  readonly repo: Repository;
  /** Reopens the repository when its config has changed; without it the server keeps the given one. */
  readonly reopen?: () => Promise<Repository>;
  /** Path of the repository below the plugin's prefix; `/repo` by default, `/` for the prefix itself. */
  readonly basePath?: string;
  /** Directory of the cache of encoded objects; no cache by default. */
  readonly cacheDir?: string;
  /** Size limit of the cache in bytes; 1 GiB by default. */
  readonly cacheSize?: number;
  /** Deflate level of encoded objects; `auto` by default. */
  readonly deflateLevel?: DeflateLevel;
  /** Profile of the virtual deltas to offer; `auto` by default, which offers none without a cache. */
  readonly virtualDeltas?: VirtualProfile | 'auto' | 'none';
  /** Sign the summary with these; by default only the publisher's signatures are served. */
  readonly summarySigners?: readonly Signer[];
  /** How long the server must have sent nothing before it verifies and compresses objects; 3 s by default. */
  readonly idleMs?: number;
  /** Silent by default. At level `info` it gets a line for each request. */
  readonly logger?: Logger;
  /** Counters to update; new ones by default. */
  readonly counters?: Counters;
  /** Writes the line of each request; `logger` by default. */
  readonly writeRequestLine?: WriteRequestLine;
  /** Makes `/readyz` fail while it returns true. */
  readonly isDraining?: () => boolean;
  /** Directory of the landing page's style sheet; beside this file by default. */
  readonly assetsDir?: string;
};

export type ServerOptions = Omit<MirrorOptions, 'counters' | 'isDraining'> & {
  /** By default as many as the descriptor limit of the process allows; see http-server.ts. */
  readonly maxConnections?: number;
  /** How long a client may read nothing of an answer; 60 s by default. */
  readonly sendTimeoutMs?: number;
};

export type Settings = Required<Omit<MirrorOptions, 'reopen' | 'cacheDir' | 'writeRequestLine'>> &
  Pick<MirrorOptions, 'reopen' | 'cacheDir'> & { readonly requestLog: RequestLog };

/** Exceeds the pauses of a client that writes to its disk between requests. */
const IDLE_MS = 3000;
const DEFAULT_CACHE_BYTES = 1024 ** 3;

/** Applies the defaults. The base path gets a leading and no trailing slash; empty for `/`. ERR_USAGE. */
export function normaliseOptions(options: MirrorOptions): Settings {
  const { logger = pino({ level: 'silent' }), counters = newCounters(), writeRequestLine } = options;
  return {
    ...options,
    basePath: normaliseBasePath(options.basePath ?? '/repo'),
    cacheSize: options.cacheSize ?? DEFAULT_CACHE_BYTES,
    deflateLevel: options.deflateLevel ?? 'auto',
    virtualDeltas: options.virtualDeltas ?? 'auto',
    idleMs: options.idleMs ?? IDLE_MS,
    summarySigners: options.summarySigners ?? [],
    logger,
    counters,
    requestLog: new RequestLog({ logger, counters, write: writeRequestLine }),
    isDraining: options.isDraining ?? (() => false),
    assetsDir: options.assetsDir ?? join(import.meta.dirname, 'assets'),
  };
}

function normaliseBasePath(text: string): string {
  const path = text.replace(/\/+$/, '');
  if (path === '' || /^(?:\/[\w.~-]*[\w~-])+$/.test(path)) return path;
  throw new TreeportError(
    'ERR_USAGE',
    `base path "${text}" must look like /repo: letters, digits and -._~ between slashes`,
  );
}
