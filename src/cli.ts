#!/usr/bin/env node
/**
 * The `treeport` command. It starts on every Node: scripts/bundle.ts makes it a script in old syntax. A Node
 * that is too old for the rest is replaced by the one of the installed runtime.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runtimeDirectory, runtimePackageName } from './base/package-directory.ts';

const LEAST_NODE = 24;
const WORDS = process.argv.slice(2);

async function start(): Promise<void> {
  const { enableCompileCache } = await import('node:module');
  const { userCacheDirectory } = await import('./base/compile-cache.ts');
  const cache = userCacheDirectory();
  if (cache) enableCompileCache(cache);

  const { run } = await loadCommand();
  await run(WORDS);
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

/** Runs the command with another Node, which gets the signals and says how it ended. */
async function startWith(node: string): Promise<void> {
  const { spawn } = await import('node:child_process');
  const child = spawn(node, [fileURLToPath(import.meta.url), ...WORDS], { stdio: 'inherit' });
  child.on('error', (error) =>
    endWith(`ERR_NODE_VERSION: cannot start the runtime's Node: ${error.message}`),
  );
  const pass = (signal: NodeJS.Signals) => {
    child.kill(signal);
  };
  process.on('SIGTERM', pass).on('SIGHUP', pass);
  // A terminal sends it to both.
  process.on('SIGINT', process.stdin.isTTY || process.stderr.isTTY ? () => {} : pass);
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code === null ? 1 : code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** Reports errors that occur before `src/cli/report.ts` is loaded. */
function endWith(line: string): void {
  process.stderr.write(`treeport: ${line}\n`);
  process.exitCode = 1;
}

function startWithRuntime(): void {
  const runtime = runtimeDirectory(process.arch);
  if (runtime !== undefined) {
    void startWith(join(runtime, 'bin/node'));
    return;
  }
  const { version, execPath, arch } = process;
  endWith(
    `ERR_NODE_VERSION: treeport needs Node ${LEAST_NODE} or newer, and this is ${version} (${execPath}); ` +
      `install a newer one, or the npm package ${runtimePackageName(arch)}, which has one`,
  );
}

if (Number(process.versions.node.split('.')[0]) < LEAST_NODE) {
  startWithRuntime();
} else {
  start().catch((error) => {
    if (!/\bEMFILE\b|too many open files/i.test(String(error))) throw error;
    endWith('ERR_OPEN_FILES: too many open files for this process; raise the limit (ulimit -n 1024)');
  });
}
