import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { codeCacheOf, runProgram } from '../../src/base/code-cache.ts';

const SOURCE =
  "globalThis.treeportRan = [__filename, __dirname, typeof require('node:fs').readFileSync, module.exports === exports];";
const ROOT = join(import.meta.dirname, '../..');
const SERVER = join(ROOT, 'dist/app/server.cjs');
const COMMAND = join(ROOT, 'dist/bin/command.cjs');

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'treeport-code-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('a program runs as a CommonJS module, with its cache, without, and with a foreign one', (t) => {
  const folder = temporaryFolder(t);
  const program = join(folder, 'program.cjs');
  writeFileSync(program, SOURCE);
  const run = () => {
    Reflect.deleteProperty(globalThis, 'treeportRan');
    const { script } = runProgram(program);
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

test('the caches of the built programs are accepted, that of the server with the flags of images', () => {
  const code = `const { Script } = require('node:vm'); const { readFileSync } = require('node:fs');
    const source = readFileSync(process.argv[1], 'latin1');
    const script = new Script('(function (exports, require, module, __filename, __dirname) {' + source + '\\n})',
      { cachedData: readFileSync(process.argv[2]) });
    console.log(script.cachedDataRejected);`;
  for (const [program, ...flags] of [[SERVER], [SERVER, '--max-semi-space-size=2'], [COMMAND]] as const) {
    const words = [...flags, '--eval', code, program, codeCacheOf(program)];
    assert.equal(execFileSync(process.execPath, words, { encoding: 'utf8' }), 'false\n', program);
  }
});

for (const built of [SERVER, COMMAND]) {
  test(`the cache of ${basename(built)} is made again, in another directory, with the same bytes`, (t) => {
    const folder = join(temporaryFolder(t), 'elsewhere');
    cpSync(dirname(built), folder, { recursive: true });
    const program = join(folder, basename(built));
    rmSync(codeCacheOf(program));
    execFileSync(process.execPath, [join(ROOT, 'scripts/code-cache.ts'), program]);
    assert.ok(readFileSync(codeCacheOf(program)).equals(readFileSync(codeCacheOf(built))));
  });
}

test('the built server starts without built-in modules for options that it does not set', (t) => {
  const hook = join(temporaryFolder(t), 'hook.cjs');
  writeFileSync(hook, "process.on('exit', () => console.log(process.moduleLoadList.join('\\n')));");
  const words = [
    '--require',
    hook,
    join(dirname(COMMAND), 'treeport.cjs'),
    'serve',
    '--repo',
    '/nonexistent',
  ];
  const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  assert.match(stderr, /ERR_REPO_MISSING/);
  const loaded = stdout.split('\n');
  assert.ok(loaded.includes('NativeModule http'));
  for (const name of ['http2', 'https', 'child_process']) assert.ok(!loaded.includes(`NativeModule ${name}`));
});

test('the command without a code cache for this Node fills the compile cache', (t) => {
  const folder = temporaryFolder(t);
  const bin = join(folder, 'bin');
  cpSync(dirname(COMMAND), bin, { recursive: true });
  rmSync(codeCacheOf(join(bin, basename(COMMAND))));
  const sizeOfCache = (program: string) => {
    const cacheHome = mkdtempSync(join(folder, 'cache-'));
    const env = { XDG_CACHE_HOME: cacheHome };
    assert.match(
      execFileSync(process.execPath, [program, '--version'], { env, encoding: 'utf8' }),
      /^\d+\.\d+\.\d+\n$/,
    );
    return readdirSync(cacheHome, { recursive: true }).length;
  };
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  assert.equal(
    sizeOfCache(join(bin, 'treeport.cjs')),
    sizeOfCache(join(dirname(COMMAND), 'treeport.cjs')) + 1,
  );
});
