import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { openSync, readSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { after, before } from 'node:test';
import { writeFileAtomic } from '../../../src/base/atomic-file.ts';
import type { LayerFile } from '../../../src/mirror/layer.ts';
import { readElf } from '../../../src/mirror/runtime/elf.ts';
import { neededLibraries } from '../../../src/mirror/runtime/libraries.ts';
import { localRuntime } from '../../../src/mirror/runtime/local-runtime.ts';
import { runtimeInDirectory } from '../../../src/mirror/runtime/runtime.ts';
import { lzmaVersion } from '../../../src/native/lzma/liblzma.ts';
import { goArchitecture } from '../../../src/oci/model/platform.ts';

const skip =
  process.platform === 'linux' && process.arch !== 's390x' ? false : 'needs 64-bit little-endian Linux';

/** The runtime's files as they are in an image. */
let directory: string;
let files: readonly LayerFile[];
before(async () => {
  if (skip !== false) return;
  directory = await mkdtemp(join(tmpdir(), 'treeport-runtime-'));
  files = (await localRuntime()).files;
  for (const file of files) {
    const path = join(directory, file.path);
    await mkdir(dirname(path), { recursive: true });
    await writeFileAtomic(path, file.stream());
    await chmod(path, file.executable ? 0o755 : 0o644);
  }
});
after(async () => {
  if (skip === false) await rm(directory, { recursive: true });
});

test('it has Node, loader, libraries, server, licences and a notice, sorted', { skip }, async () => {
  const paths = files.map(({ path }) => path);
  const wanted = [
    'bin/node',
    'lib/ld.so',
    'app/treeport.mjs',
    'app/assets/style.css',
    'app/LICENSES.txt',
    'NOTICE',
  ];
  for (const path of [...wanted, 'licenses/node.txt']) assert.ok(paths.includes(path), path);
  assert.deepEqual(paths, paths.toSorted());
  assert.deepEqual(
    files.filter(({ executable }) => executable).map(({ path }) => path),
    ['bin/node', 'lib/ld.so'],
  );
  assert.match(await readFile(join(directory, 'NOTICE'), 'utf8'), new RegExp(`Node.js ${process.version} `));
});

/** Runs Node as the entry point of a mirror does, with nothing in the environment. */
function runNode(...words: readonly string[]): string {
  const loader = join(directory, 'lib/ld.so');
  const command = ['--library-path', join(directory, 'lib'), join(directory, 'bin/node'), ...words];
  return execFileSync(loader, command, { env: {}, encoding: 'utf8' });
}

test('the stripped Node runs on the libraries of the runtime alone', { skip }, () => {
  const script = `
    const maps = require('node:fs').readFileSync('/proc/self/maps', 'utf8');
    const files = [...new Set(maps.match(/\\/.*\\.so.*$/gm))];
    console.log(JSON.stringify({ version: process.version, files, text: new Intl.NumberFormat('de').format(1234.5),
      zlib: require('node:zlib').deflateRawSync('x').length > 0, wasm: typeof WebAssembly }));`;
  const { version, files: loaded, text, zlib, wasm } = JSON.parse(runNode('-e', script));
  assert.deepEqual([version, text, zlib, wasm], [process.version, '1.234,5', true, 'object']);
  assert.ok(loaded.length >= 3);
  for (const file of loaded) assert.ok(file.startsWith(`${directory}/lib/`), file);
});

test('the bundled server starts', { skip }, () => {
  assert.match(
    runNode(join(directory, 'app/treeport.mjs'), '--help'),
    /^ {2}serve .*\n {4}--listen ADDRESS /m,
  );
});

test('every loaded byte of Node is the original one, and the rest is gone', { skip }, async () => {
  const stripped = readElf(join(directory, 'bin/node'));
  const source = sourceOfNode();
  const original = readElf(source);
  const bytes = await readFile(stripped.path);
  assert.equal(bytes.length, original.loadedBytes);
  assert.deepEqual({ ...stripped, path: '' }, { ...original, path: '' });
  const first = Buffer.alloc(bytes.length);
  readSync(openSync(source, 'r'), first, 0, first.length, 0);
  const changed = [40, 41, 42, 43, 44, 45, 46, 47, 60, 61, 62, 63];
  for (const at of changed) first[at] = bytes[at] as number;
  assert.ok(bytes.equals(first));
  assert.ok(changed.every((at) => bytes[at] === 0));
});

function sourceOfNode(): string {
  const name = `node-linux-${process.arch}`;
  return join(import.meta.dirname, '../../../node_modules', name, 'bin/node');
}

test('the libraries are those that the system’s loader finds', { skip }, () => {
  const elf = readElf(process.execPath);
  const found = neededLibraries(elf).map(({ path }) => path);
  const output = execFileSync('ldd', [process.execPath], { encoding: 'utf8' });
  const expected = [...output.matchAll(/=> (\/\S+)/g)].map(([, path]) => path);
  assert.deepEqual(found.toSorted(), expected.toSorted());
});

test('a runtime of another architecture is not made up', { skip }, async () => {
  const other = process.arch === 'x64' ? 'riscv64' : 'amd64';
  await assert.rejects(localRuntime(other), { code: 'ERR_RUNTIME', message: /--runtime/ });
});

test('a directory with a runtime is one, and one without Node is not', { skip }, async () => {
  assert.equal((await runtimeInDirectory(directory)).architecture, goArchitecture(process.arch));
  await assert.rejects(runtimeInDirectory(join(directory, 'lib')), { code: 'ERR_RUNTIME' });
});

test('its koffi loads its own liblzma', { skip }, () => {
  const script = `
    const koffi = require(${JSON.stringify(join(directory, 'app/node_modules/koffi'))});
    const value = koffi.load('liblzma.so.5').func('const char *lzma_version_string()')();
    const maps = require('node:fs').readFileSync('/proc/self/maps', 'utf8');
    console.log(JSON.stringify({ value, files: [...new Set(maps.match(/\\/.*(?:liblzma|koffi).*$/gm))] }));`;
  const { value, files: loaded } = JSON.parse(runNode('-e', script));
  assert.equal(value, lzmaVersion());
  assert.equal(loaded.length, 2);
  for (const file of loaded) assert.ok(file.startsWith(`${directory}/`), file);
});
