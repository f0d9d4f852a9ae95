/** What a server is made from, normalised once. */
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { TreeportError } from '../base/errors.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { type DeflateLevel, type Encoding, encodingOf } from './content/encoding.ts';

export type ServerOptions = {
  /** What is served: a repository of any mode. */
  readonly repo: Repository;
  /**
   * Opens the repository again when its config has changed; without it the server goes on with what it has.
   */
  readonly reopen?: () => Promise<Repository>;
  /** Where the repository lies in the URL space; `/repo` by default, `/` for the top. */
  readonly basePath?: string;
  /** Where encoded objects are kept; nowhere by default. */
  readonly cacheDir?: string;
  /** Bytes that `cacheDir` may take; 1 GiB by default. */
  readonly cacheSize?: number;
  /** Deflate level of encoded objects; `auto` by default. */
  readonly deflateLevel?: DeflateLevel;
  /** What the descriptor limit of the process allows by default; see http-server.ts. */
  readonly maxConnections?: number;
  /** How long a client may read nothing of an answer; 60 s by default. */
  readonly sendTimeoutMs?: number;
  /**
   * How long nothing must have been sent before objects are verified and compressed for the cache; 3 s by
   * default.
   */
  readonly idleMs?: number;
  /** Silent by default. At level `info` it gets a line for each request. */
  readonly logger?: Logger;
  /** The style sheet of the landing page; beside this file by default. */
  readonly assetsDir?: string;
};

export type Settings = {
  readonly repo: Repository;
  readonly reopen: (() => Promise<Repository>) | undefined;
  /** With a leading and without a trailing slash; empty at the top. */
  readonly basePath: string;
  readonly cacheDir: string | undefined;
  readonly cacheSize: number;
  readonly encoding: Encoding;
  readonly maxConnections: number | undefined;
  readonly sendTimeoutMs: number | undefined;
  readonly idleMs: number;
  readonly logger: Logger;
  readonly assetsDir: string;
};

/** Longer than a client pauses between requests to write to its disk. */
const QUIET_MS = 3000;
const DEFAULT_CACHE_BYTES = 1024 ** 3;

export function normaliseOptions(options: ServerOptions): Settings {
  return {
    repo: options.repo,
    reopen: options.reopen,
    basePath: normaliseBasePath(options.basePath ?? '/repo'),
    cacheDir: options.cacheDir,
    cacheSize: options.cacheSize ?? DEFAULT_CACHE_BYTES,
    encoding: encodingOf(options.deflateLevel ?? 'auto', options.cacheDir !== undefined),
    maxConnections: options.maxConnections,
    sendTimeoutMs: options.sendTimeoutMs,
    idleMs: options.idleMs ?? QUIET_MS,
    logger: options.logger ?? pino({ level: 'silent' }),
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
