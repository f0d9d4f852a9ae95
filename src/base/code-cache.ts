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
import { freeNow } from './bytes.ts';

const OPENING = Buffer.from('(function (exports, require, module, __filename, __dirname) {');
const CLOSING = Buffer.from('\n})');

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
  const cachedData = existsSync(cache) ? readFileSync(cache) : undefined;
  const script = new Script(wrappedSource(program), {
    filename,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  if (cachedData !== undefined) freeNow(cachedData);
  const module = { exports: {} };
  script
    .runInThisContext()
    .call(module.exports, module.exports, createRequire(program), module, program, dirname(program));
  return { script, exports: module.exports };
}

/**
 * Joined as bytes, because V8 keeps the source for as long as the program runs, and of joined strings a
 * second copy until a major collection.
 */
function wrappedSource(program: string): string {
  const source = readFileSync(program);
  const whole = Buffer.concat([OPENING, source, CLOSING]);
  freeNow(source);
  const text = whole.toString('latin1');
  freeNow(whole);
  return text;
}
