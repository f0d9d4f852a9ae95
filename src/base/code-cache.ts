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
import { constants, Script } from 'node:vm';

/** The cache of a program, for the Node that is running. */
export function codeCacheOf(program: string): string {
  return `${program}.${process.version}-${process.arch}.cache`;
}

/** Runs the program as a CommonJS module. Its source must be ASCII, which makes reading it cheap. */
export function runProgram(program: string): Script {
  const cache = codeCacheOf(program);
  const source = readFileSync(program, 'latin1');
  const script = new Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, {
    filename: program,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    ...(existsSync(cache) ? { cachedData: readFileSync(cache) } : {}),
  });
  const module = { exports: {} };
  script
    .runInThisContext()
    .call(module.exports, module.exports, createRequire(program), module, program, dirname(program));
  return script;
}
