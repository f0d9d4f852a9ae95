/** A program that serves a repository, for tests that need a process of its own: `REPO LISTEN [CACHE_DIR]`. */
import { handleSignals, onStopSignal } from '../../src/cli/signals.ts';
import { libcXattrs } from '../../src/libostree/xattrs.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { serve } from '../../src/server/listen.ts';

const [path = '.', listen = ':0', cacheDir] = process.argv.slice(2);
handleSignals();
const repo = await openRepository(path, { xattrs: libcXattrs });
const server = await serve({
  repo,
  listen,
  logLevel: process.env.LOG_LEVEL ?? 'info',
  ...(cacheDir === undefined ? {} : { cacheDir, cacheSize: 2 * 1024 ** 3 }),
});
onStopSignal(() => server.stop());
