#!/usr/bin/env node
/**
 * The `treeport` command. This file uses only syntax and imports that Node 18 supports, so that an old Node
 * can report its version.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const LEAST_NODE = 24;

async function start(): Promise<void> {
  const { XDG_CACHE_HOME, HOME } = process.env;
  const cacheHome = XDG_CACHE_HOME || (HOME ? join(HOME, '.cache') : undefined);
  const { enableCompileCache } = await import('node:module');
  const { compileCacheDirectory } = await import('./base/compile-cache.ts');
  const cache = cacheHome && compileCacheDirectory(cacheHome);
  if (cache) enableCompileCache(cache);

  const { run } = await loadCommand();
  await run(process.argv.slice(2));
}

/**
 * The npm package has the command in one program beside this file (scripts/bundle.ts). If its code cache is
 * for another Node, `require` loads it, which uses Node's compile cache.
 */
async function loadCommand(): Promise<typeof import('./cli/run.ts')> {
  const program = join(dirname(fileURLToPath(import.meta.url)), 'command.cjs');
  if (!existsSync(program)) return import('./cli/run.ts');
  const { codeCacheOf, runProgram } = await import('./base/code-cache.ts');
  if (!existsSync(codeCacheOf(program))) return createRequire(import.meta.url)(program);
  return runProgram(program).exports as typeof import('./cli/run.ts');
}

/** Reports errors that occur before `src/cli/report.ts` is loaded. */
function endWith(line: string): void {
  process.stderr.write(`treeport: ${line}\n`);
  process.exitCode = 1;
}

if (Number(process.versions.node.split('.')[0]) < LEAST_NODE) {
  endWith(
    `ERR_NODE_VERSION: treeport needs Node ${LEAST_NODE} or newer, and this is ${process.version} (${process.execPath}); install a newer one or put it first on PATH`,
  );
} else {
  await start().catch((error) => {
    if (!/\bEMFILE\b|too many open files/i.test(String(error))) throw error;
    endWith('ERR_OPEN_FILES: too many open files for this process; raise the limit (ulimit -n 1024)');
  });
}
