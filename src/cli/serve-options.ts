/**
 * The options of the server, in one table: `treeport serve`, the `serve` verb of mirror images, their
 * environment variables and the docs are made from it. Keys are in camel case; option names and variables
 * follow from them.
 */
import { availableParallelism } from 'node:os';
import { parseByteSize } from '../base/byte-size.ts';
import { TreeportError } from '../base/errors.ts';
import { parseSeconds } from '../base/seconds.ts';
import type { Signer } from '../ostree/sign/signer.ts';
import type { DeflateLevel } from '../server/content/encoded-objects.ts';
import type { ServeOptions } from '../server/listen.ts';
import { IMAGE_DRAIN_DELAY_SECONDS } from '../server/shutdown.ts';

const MAX_WORKERS = 256;
const VIRTUAL_DELTAS_CHOICES = ['auto', 'wan', 'lan', 'none'] as const;

export type ServeOption = {
  /** Placeholder of the value in help texts. */
  readonly value: string;
  readonly description: string;
  readonly default?: string;
  /** Default in a mirror image, if it differs. */
  readonly imageDefault?: string;
  readonly choices?: readonly string[];
};

export type ServeOptionKey =
  | 'listen'
  | 'basePath'
  | 'cacheDir'
  | 'cacheSize'
  | 'deflateLevel'
  | 'virtualDeltas'
  | 'workers'
  | 'signSummary'
  | 'drainDelay'
  | 'logLevel';

/** Values from the command line or the environment; those without a default may be absent. */
export type ServeValues = Readonly<Partial<Record<ServeOptionKey, string>>>;

export const SERVE_OPTIONS: Readonly<Record<ServeOptionKey, ServeOption>> = {
  listen: { value: 'address', description: '[ADDRESS:]PORT to listen on', default: '8080' },
  basePath: { value: 'path', description: 'path of the repository in URLs', default: '/repo' },
  cacheDir: { value: 'path', description: 'cache encoded objects in this directory' },
  cacheSize: { value: 'size', description: 'size limit of the cache, like 500M or 2GiB', default: '1GiB' },
  deflateLevel: {
    value: 'level',
    description:
      'compression of objects that are encoded: auto suits each client’s link; 0 (stored) to 9 (smallest) ' +
      'is the same for all',
    default: 'auto',
  },
  virtualDeltas: {
    value: 'profile',
    description:
      'make static deltas for first pulls when clients ask: wan compresses them, lan does not, none makes ' +
      'none; auto offers wan to clients far away, if there is a cache',
    default: 'auto',
    choices: VIRTUAL_DELTAS_CHOICES,
  },
  workers: {
    value: 'count',
    description:
      'processes that serve, which share the address, the cache and the log; auto for one per core',
    default: '1',
  },
  signSummary: {
    value: 'type=source',
    description:
      'sign the summary by ed25519=file:PATH, spki=file:PATH or TYPE=command:COMMAND; several by repeating ' +
      'the option, or on several lines',
  },
  drainDelay: {
    value: 'seconds',
    description: 'after SIGTERM, keep serving for this long while /readyz fails',
    default: '0',
    imageDefault: String(IMAGE_DRAIN_DELAY_SECONDS),
  },
  logLevel: {
    value: 'level',
    description: 'lowest level that is logged',
    default: 'info',
    choices: ['debug', 'info', 'warn', 'error', 'silent'],
  },
};

export const SERVE_OPTION_KEYS: readonly ServeOptionKey[] = Object.keys(SERVE_OPTIONS) as ServeOptionKey[];

/** The option without its dashes: `cache-dir`. */
export function optionName(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The environment variable: `TREEPORT_CACHE_DIR`. */
export function variableName(option: string): string {
  return `TREEPORT_${option.replaceAll('-', '_').toUpperCase()}`;
}

/** What the options say, for one process of `workers`. */
export type ServeSettings = Omit<ServeOptions, 'repo' | 'summarySigners'> & {
  /** One on a line; see {@link serveSigners}. */
  readonly signSummary?: string;
  readonly workers: number;
  readonly logLevel: string;
};

/** Parses the values; ERR_USAGE. */
export function serveSettings(values: ServeValues): ServeSettings {
  const { choices } = SERVE_OPTIONS.logLevel;
  const text = (key: ServeOptionKey) => values[key] ?? SERVE_OPTIONS[key].default ?? '';
  if (choices?.includes(text('logLevel')) !== true) {
    throw new TreeportError('ERR_USAGE', `--log-level is one of ${choices?.join(', ')}`);
  }
  return {
    listen: text('listen'),
    basePath: text('basePath'),
    cacheSize: parseByteSize(text('cacheSize'), '--cache-size'),
    deflateLevel: parseDeflateLevel(text('deflateLevel')),
    virtualDeltas: parseVirtualDeltas(text('virtualDeltas')),
    workers: parseWorkers(text('workers')),
    drainDelayMs: parseSeconds(text('drainDelay'), '--drain-delay'),
    logLevel: text('logLevel'),
    ...(values.signSummary === undefined ? {} : { signSummary: values.signSummary }),
    ...(values.cacheDir === undefined ? {} : { cacheDir: values.cacheDir }),
  };
}

/** The signers of `--sign-summary`; ERR_USAGE, ERR_SIGNING_KEY. */
export async function serveSigners({
  signSummary = '',
}: Pick<ServeSettings, 'signSummary'>): Promise<readonly Signer[]> {
  const lines = signSummary.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) return [];
  const { parseSignerSpec } = await import('../ostree/sign/signer-spec.ts');
  return lines.flatMap((line) => parseSignerSpec(line.trim(), '--sign-summary'));
}

/** The level that `text` names; ERR_USAGE. */
export function parseDeflateLevel(text: string): DeflateLevel {
  if (text === 'auto') return text;
  if (/^[0-9]$/.test(text)) return Number(text);
  throw new TreeportError('ERR_USAGE', `deflate level "${text}" is neither auto nor one of 0 (stored) to 9`);
}

function parseVirtualDeltas(text: string): NonNullable<ServeOptions['virtualDeltas']> {
  const known = VIRTUAL_DELTAS_CHOICES.find((choice) => choice === text);
  if (known !== undefined) return known;
  throw new TreeportError('ERR_USAGE', `--virtual-deltas is one of ${VIRTUAL_DELTAS_CHOICES.join(', ')}`);
}

function parseWorkers(text: string): number {
  if (text === 'auto') return availableParallelism();
  const count = /^[0-9]{1,3}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MAX_WORKERS) return count;
  throw new TreeportError(
    'ERR_USAGE',
    `--workers is auto or a number from 1 to ${MAX_WORKERS}, not "${text}"`,
  );
}
