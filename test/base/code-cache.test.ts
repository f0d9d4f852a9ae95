import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { codeCacheOf, runProgram } from '../../src/base/code-cache.ts';

const SOURCE =
  "globalThis.treeportRan = [__filename, __dirname, typeof require('node:fs').readFileSync, module.exports === exports];";
const APP = join(import.meta.dirname, '../../dist/app');

test('a program runs as a CommonJS module, with its cache, without, and with a foreign one', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'treeport-code-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const program = join(folder, 'program.cjs');
  writeFileSync(program, SOURCE);
  const run = () => {
    Reflect.deleteProperty(globalThis, 'treeportRan');
    const script = runProgram(program);
    assert.deepEqual(Reflect.get(globalThis, 'treeportRan'), [program, folder, 'function', true]);
    return script;
  };
  const first = run();
  assert.equal(first.cachedDataRejected, undefined);
  writeFileSync(codeCacheOf(program), first.createCachedData());
  assert.equal(run().cachedDataRejected, false);
  writeFileSync(program, `${SOURCE} `);
  assert.equal(run().cachedDataRejected, true);
  // Another source again, because V8 keeps what it has compiled in memory as well.
  writeFileSync(program, `${SOURCE}  `);
  writeFileSync(codeCacheOf(program), 'no cache');
  assert.equal(run().cachedDataRejected, true);
});

test('the cache of the built server is accepted, with the flags of images', () => {
  const code = `const { Script } = require('node:vm'); const { readFileSync } = require('node:fs');
    const source = readFileSync(process.argv[1], 'latin1');
    const script = new Script('(function (exports, require, module, __filename, __dirname) {' + source + '\\n})',
      { cachedData: readFileSync(process.argv[2]) });
    console.log(script.cachedDataRejected);`;
  const server = join(APP, 'server.cjs');
  for (const flags of [[], ['--max-semi-space-size=2']]) {
    const words = [...flags, '--eval', code, server, codeCacheOf(server)];
    assert.equal(execFileSync(process.execPath, words, { encoding: 'utf8' }), 'false\n');
  }
});
