import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileFromBytes, layerFilesFrom } from '../../../src/mirror/layer.ts';
import {
  type RememberedRuntime,
  rememberDiffId,
  rememberedDiffId,
} from '../../../src/mirror/runtime/remembered-diff-id.ts';
import { digestOf } from '../../../src/oci/model/descriptor.ts';
import { tempDir } from '../../e2e/support/scratch.ts';

const ONE = digestOf(Buffer.from('one'));
const hashed = async () => ({ diffId: ONE });

async function makeRuntime(t: TestContext) {
  const directory = await tempDir(t);
  const root = await tempDir(t);
  const file = join(root, 'node');
  writeFileSync(file, 'a program');
  const runtime = (more: Partial<RememberedRuntime> = {}): RememberedRuntime => ({
    ...{ architecture: 'amd64', directory, now: () => Date.now() + 10_000 },
    files: [...layerFilesFrom(root, 'bin'), fileFromBytes('NOTICE', Buffer.from('notice'))],
    ...more,
  });
  return { directory, file, runtime };
}

test('the diff-id of files that did not change is known', async (t) => {
  const { directory, runtime } = await makeRuntime(t);
  assert.equal(await rememberedDiffId(runtime()), undefined);
  assert.deepEqual(await rememberDiffId(runtime(), hashed), { diffId: ONE });
  assert.equal(await rememberedDiffId(runtime()), ONE);
  assert.equal(await rememberedDiffId(runtime({ architecture: 'arm64' })), undefined);
  assert.deepEqual(readdirSync(directory), ['runtime-amd64.json']);
});

test('a file that changed in any way is not taken for the one that was hashed', async (t) => {
  const { file, runtime } = await makeRuntime(t);
  const other = fileFromBytes('NOTICE', Buffer.from('other!'));
  await rememberDiffId(runtime(), hashed);
  const [disk, notice] = runtime().files;
  assert.ok(disk && notice);
  for (const files of [
    [disk, other],
    [disk],
    [{ ...disk, path: 'bin/other' }, notice],
    [disk, notice, other],
  ])
    assert.equal(await rememberedDiffId(runtime({ files })), undefined);
  for (const change of [
    // The same size and time: another file, then the time of the change alone.
    () => {
      const { atime, mtime } = statSync(file);
      writeFileSync(`${file}.new`, 'b program');
      utimesSync(`${file}.new`, atime, mtime);
      renameSync(`${file}.new`, file);
    },
    () => {
      const { atime, mtime, ctimeNs } = statSync(file, { bigint: true });
      // Clocks of files tick in milliseconds.
      while (statSync(file, { bigint: true }).ctimeNs === ctimeNs) {
        writeFileSync(file, 'c program');
        utimesSync(file, atime, mtime);
      }
    },
  ]) {
    await rememberDiffId(runtime(), hashed);
    assert.equal(await rememberedDiffId(runtime()), ONE);
    change();
    assert.equal(await rememberedDiffId(runtime()), undefined);
  }
});

test('a file that changed a moment ago, or meanwhile, is hashed again next time', async (t) => {
  const { directory, file, runtime } = await makeRuntime(t);
  await rememberDiffId(runtime({ now: () => statSync(file).ctimeMs + 1999 }), hashed);
  await rememberDiffId(runtime(), async () => {
    writeFileSync(file, 'changed meanwhile');
    return { diffId: ONE };
  });
  assert.deepEqual(readdirSync(directory), []);
});

test('a damaged record and a cache that cannot be written are none', async (t) => {
  const { directory, runtime } = await makeRuntime(t);
  await rememberDiffId(runtime(), hashed);
  const path = join(directory, 'runtime-amd64.json');
  const record = JSON.parse(readFileSync(path, 'utf8'));
  for (const damaged of ['', '{', '[]', 'null', JSON.stringify({ ...record, diffId: 'sha256:1' })]) {
    writeFileSync(path, damaged);
    assert.equal(await rememberedDiffId(runtime()), undefined);
  }
  const nowhere = runtime({ directory: join(path, 'below') });
  assert.deepEqual(await rememberDiffId(nowhere, hashed), { diffId: ONE });
  assert.equal(await rememberedDiffId(nowhere), undefined);
});
