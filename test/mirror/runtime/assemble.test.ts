import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import { assembleRuntime } from '../../../src/mirror/runtime/assemble.ts';
import { sampleProgram } from '../../support/elf.ts';
import { testFolder } from '../../support/small-image.ts';

const LIBRARIES = 'usr/lib/aarch64-linux-gnu';

/** The packages of a distribution for AArch64, unpacked; `without` is left out. */
async function unpacked(t: TestContext, without = '') {
  const folder = await testFolder(t);
  const root = join(folder, 'root');
  const library = sampleProgram();
  // A library that needs only itself.
  library.fill('libx.so\0', 401, 409);
  const files: Readonly<Record<string, Buffer>> = {
    node: sampleProgram(),
    LICENSE: Buffer.from('of Node'),
    [`root/${LIBRARIES}/libx.so`]: library,
    [`root/${LIBRARIES}/ld-test.so`]: library,
    [`root/${LIBRARIES}/liblzma.so.5`]: library,
    'root/usr/share/doc/libc6/copyright': Buffer.from('of libc'),
    'koffi/package.json': Buffer.from('{}'),
    'koffi/LICENSE.txt': Buffer.from('of koffi'),
    'koffi/index.cjs': Buffer.from(''),
    'koffi/src/koffi/index.cjs': Buffer.from(''),
    'koffi/src/koffi/src/static.cjs': Buffer.from(''),
    'platform/linux_arm64/koffi.node': library,
  };
  for (const [path, bytes] of Object.entries(files)) {
    if (path === without) continue;
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  const koffi = { directory: join(folder, 'koffi'), binary: join(folder, 'platform/linux_arm64/koffi.node') };
  const node = { path: join(folder, 'node'), license: join(folder, 'LICENSE') };
  return { root, node, koffi };
}

test('a runtime for another machine is assembled of unpacked packages', async (t) => {
  const { files, libraries, foreign } = await assembleRuntime(await unpacked(t));
  assert.deepEqual(files.map(({ path }) => path).toSorted(), [
    'app/node_modules/koffi/build/koffi/linux_arm64/koffi.node',
    'app/node_modules/koffi/index.cjs',
    'app/node_modules/koffi/package.json',
    'app/node_modules/koffi/src/koffi/index.cjs',
    'app/node_modules/koffi/src/koffi/src/static.cjs',
    'bin/node',
    'lib/ld.so',
    'lib/liblzma.so.5',
    'lib/libx.so',
    'licenses/glibc.txt',
    'licenses/koffi.txt',
    'licenses/node.txt',
  ]);
  assert.deepEqual(
    libraries.map(({ name }) => name),
    ['liblzma.so.5', 'libx.so'],
  );
  assert.equal(foreign, true);
});

test('the loader is that of the packages, even if their link to it is absolute', async (t) => {
  const parts = await unpacked(t);
  await mkdir(join(parts.root, 'lib'));
  await symlink('/bin/true', join(parts.root, 'lib/ld-test.so'));
  const { files } = await assembleRuntime(parts);
  const loader = files.find(({ path }) => path === 'lib/ld.so');
  assert.ok(loader);
  assert.equal((await collect(loader.stream())).length, sampleProgram().length);
});

for (const missing of ['libx.so', 'ld-test.so']) {
  test(`a runtime without ${missing} is not made`, async (t) => {
    const parts = await unpacked(t, `root/${LIBRARIES}/${missing}`);
    await assert.rejects(assembleRuntime(parts), { code: 'ERR_RUNTIME', message: new RegExp(missing) });
  });
}

test('without liblzma it is complete but for koffi', async (t) => {
  const { files, foreign } = await assembleRuntime(await unpacked(t, `root/${LIBRARIES}/liblzma.so.5`));
  assert.equal(foreign, false);
  assert.ok(!files.some(({ path }) => path.includes('koffi')));
});
