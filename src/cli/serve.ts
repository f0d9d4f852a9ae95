import { type Command, Option } from 'commander';
import { parseByteSize } from '../base/byte-size.ts';
import { parseSeconds } from '../base/seconds.ts';
import { openRepo } from './open-repo.ts';
import { onStopSignal } from './signals.ts';

type ServeWords = {
  readonly repo: string;
  readonly listen: string;
  readonly basePath: string;
  readonly cacheDir?: string;
  readonly cacheSize: string;
  readonly deflateLevel: string;
  readonly drainDelay: string;
  readonly logLevel: string;
};

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'];

export function addServe(program: Command): void {
  program
    .command('serve')
    .description('serve a repository of any mode over HTTP, as an archive repository, as it changes')
    .addOption(
      new Option(
        '--repo <path>',
        'path of the ostree repository, or of a published repo',
      ).makeOptionMandatory(),
    )
    .addOption(
      new Option('--listen <address>', '[ADDRESS:]PORT to listen on').default('8080').env('TREEPORT_LISTEN'),
    )
    .addOption(
      new Option('--base-path <path>', 'where the repository lies in URLs')
        .default('/repo')
        .env('TREEPORT_BASE_PATH'),
    )
    .addOption(
      new Option('--cache-dir <path>', 'keep encoded objects in this directory').env('TREEPORT_CACHE_DIR'),
    )
    .addOption(
      new Option('--cache-size <size>', 'at most this much, like 500M or 2GiB')
        .default('1GiB')
        .env('TREEPORT_CACHE_SIZE'),
    )
    .addOption(
      new Option(
        '--deflate-level <level>',
        'of encoded objects: 0 stores, 9 is smallest; auto answers at once and compresses for the cache later',
      )
        .default('auto')
        .env('TREEPORT_DEFLATE_LEVEL'),
    )
    .addOption(
      new Option('--drain-delay <seconds>', 'at SIGTERM, let /readyz fail for so long before closing')
        .default('0')
        .env('TREEPORT_DRAIN_DELAY'),
    )
    .addOption(
      new Option('--log-level <level>', 'what is logged')
        .choices(LOG_LEVELS)
        .default('info')
        .env('TREEPORT_LOG_LEVEL'),
    )
    .action(serveRepository);
}

async function serveRepository(words: ServeWords): Promise<void> {
  const { parseDeflateLevel } = await import('../server/content/encoding.ts');
  const { serve } = await import('../server/listen.ts');
  const { isPublishedRepo, openPublishedRepo } = await import('../mirror/open-published.ts');
  const isPublished = await isPublishedRepo(words.repo);
  const repo = isPublished ? await openPublishedRepo(words.repo) : await openRepo(words.repo);
  const server = await serve({
    repo,
    ...(isPublished ? {} : { reopen: () => openRepo(repo.path) }),
    listen: words.listen,
    basePath: words.basePath,
    cacheSize: parseByteSize(words.cacheSize, '--cache-size'),
    deflateLevel: parseDeflateLevel(words.deflateLevel),
    drainDelayMs: parseSeconds(words.drainDelay, '--drain-delay'),
    logLevel: words.logLevel,
    ...(words.cacheDir === undefined ? {} : { cacheDir: words.cacheDir }),
  });
  // Someone at a terminal (SIGINT) does not wait for load balancers.
  onStopSignal((signal) => server.stop({ atOnce: signal === 'SIGINT' }));
}
