/**
 * The program inside mirror images: `serve`, their entry point, `check` for health checks by a command, and
 * `seal`, which a container build runs. It is bundled into one file (scripts/bundle.ts) and kept small,
 * because it is read whenever a mirror starts. Options come from the command line or from the environment as
 * TREEPORT_LISTEN and so on.
 */
import { join } from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { parseByteSize } from './base/byte-size.ts';
import { messageOf, TreeportError } from './base/errors.ts';
import { parseSeconds } from './base/seconds.ts';
import { VERSION } from './base/version.ts';
import { printLine } from './cli/output.ts';
import { reportError, warn } from './cli/report.ts';
import { handleSignals, onStopSignal } from './cli/signals.ts';
import { IMAGE_DRAIN_DELAY_SECONDS } from './server/shutdown.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

const SERVE_OPTIONS = {
  listen: { type: 'string', default: '8080' },
  'base-path': { type: 'string', default: '/repo' },
  'cache-dir': { type: 'string' },
  'cache-size': { type: 'string', default: '1GiB' },
  'deflate-level': { type: 'string', default: 'auto' },
  'drain-delay': { type: 'string', default: String(IMAGE_DRAIN_DELAY_SECONDS) },
  'log-level': { type: 'string', default: 'info' },
} as const satisfies Options;

const SEAL_OPTIONS = {
  ref: { type: 'string', multiple: true, default: [] as string[] },
  root: { type: 'string', default: '/' },
} as const satisfies Options;

const USAGE = `treeport ${VERSION}, the runtime of a mirror image. It has the verbs
  serve [--listen [ADDRESS:]PORT] [--base-path PATH] [--cache-dir DIRECTORY] [--cache-size SIZE]
        [--deflate-level LEVEL] [--drain-delay SECONDS] [--log-level LEVEL]
  check [URL]
  seal [--ref NAME]... [--root DIRECTORY]
`;

const READY_URL = 'http://127.0.0.1:8080/readyz';

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'];

async function run([verb, ...words]: readonly string[]): Promise<void> {
  switch (verb) {
    case 'serve':
      return serveMirror(words);
    case 'check': {
      const { checkHealth } = await import('./server/health.ts');
      return checkHealth(words[0] ?? READY_URL);
    }
    case 'seal':
      return sealImage(words);
    case '--version':
      console.log(VERSION);
      return;
    case '--help':
      process.stdout.write(USAGE);
      return;
    default:
      throw new TreeportError(
        'ERR_USAGE',
        `${JSON.stringify(verb ?? '')} is no verb; there are serve, check and seal (--help)`,
      );
  }
}

async function serveMirror(words: readonly string[]): Promise<void> {
  const { findPublishedRepo, openPublishedRepo } = await import('./mirror/open-published.ts');
  const { parseDeflateLevel } = await import('./server/content/encoding.ts');
  const { serve } = await import('./server/listen.ts');
  const options = parse(words, SERVE_OPTIONS);
  const path = await findPublishedRepo(import.meta.dirname);
  if (path === undefined) {
    throw new TreeportError(
      'ERR_REPO_MISSING',
      'there is no published repo here; this image holds the runtime alone',
    );
  }
  if (!LOG_LEVELS.includes(options['log-level'])) {
    throw new TreeportError('ERR_USAGE', `--log-level is one of ${LOG_LEVELS.join(', ')}`);
  }
  const cacheDir = options['cache-dir'];
  const server = await serve({
    repo: await openPublishedRepo(path),
    listen: options.listen,
    basePath: options['base-path'],
    cacheSize: parseByteSize(options['cache-size'], '--cache-size'),
    deflateLevel: parseDeflateLevel(options['deflate-level']),
    drainDelayMs: parseSeconds(options['drain-delay'], '--drain-delay'),
    logLevel: options['log-level'],
    assetsDir: join(import.meta.dirname, 'assets'),
    ...(cacheDir === undefined ? {} : { cacheDir }),
  });
  onStopSignal((signal) => server.stop({ atOnce: signal === 'SIGINT' }));
}

async function sealImage(words: readonly string[]): Promise<void> {
  const { seal } = await import('./mirror/seal.ts');
  const { ref, root } = parse(words, SEAL_OPTIONS);
  process.umask(0o022);
  const { publication, objects } = await seal({
    root,
    refs: ref.filter((name) => name !== ''),
    warn,
  });
  const names = publication.refs.map(({ name }) => name).join(', ') || 'no ref';
  await printLine(
    `sealed ${objects} content objects of commit ${publication.commits[0]}, published as ${names}`,
  );
}

/** Values from the command line, else from the environment, else the defaults. */
function parse<T extends Options>(words: readonly string[], options: T) {
  const withEnvironment = Object.entries(options).map(([name, option]) => {
    const value = process.env[`TREEPORT_${name.replaceAll('-', '_').toUpperCase()}`];
    if (value === undefined || value === '') return [name, option];
    return [name, { ...option, default: option.multiple ? value.split(/\s+/) : value }];
  });
  try {
    return parseArgs({ args: [...words], options: Object.fromEntries(withEnvironment) as T, strict: true })
      .values;
  } catch (error) {
    throw new TreeportError('ERR_USAGE', messageOf(error), { cause: error });
  }
}

handleSignals();
await run(process.argv.slice(2)).catch(reportError);
