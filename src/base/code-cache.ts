/**
 * Runs a bundled CommonJS program with V8's code cache, so that nothing is compiled at start-up. The cache
 * lies beside the program, because it is code like the program itself: a directory that others may write,
 * or one for each user, would not do for an image that runs read-only under any uid.
 *
 * V8 rejects a cache of another version, flags or source; then the program is compiled as usual.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Script } from 'node:vm';

export type Program = { readonly script: Script; readonly exports: unknown };

/** The cache of a program, for the Node that is running. */
export function codeCacheOf(program: string): string {
  return `${program}.${process.version}-${process.arch}.cache`;
}

/**
 * Runs the program as a CommonJS module. Its source must be ASCII, which makes reading it cheap, and without
 * dynamic imports. `filename` is its name in stack traces, and in a cache that is made of it.
 */
export function runProgram(program: string, filename = program): Program {
  const cache = codeCacheOf(program);
  const source = readFileSync(program, 'latin1');
  const script = new Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, {
    filename,
    ...(existsSync(cache) ? { cachedData: readFileSync(cache) } : {}),
  });
  const module = { exports: {} };
  script
    .runInThisContext()
    .call(module.exports, module.exports, createRequire(program), module, program, dirname(program));
  return { script, exports: module.exports };
}
