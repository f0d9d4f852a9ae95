import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { parseImageReference } from '../../../src/oci/model/reference.ts';
import { checkDestination } from '../../../src/oci/write/destination.ts';
import { coded } from '../../support/expect.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { testFolder } from '../../support/small-image.ts';

const skip = unlessInstalled('skopeo');

function check(text: string, options = {}): Promise<void> {
  return checkDestination(parseImageReference(text), options);
}

test('a place that can be written is left as it is', { skip }, async (t) => {
  const folder = await testFolder(t);
  await mkdir(join(folder, 'empty'));
  for (const name of ['oci:new', 'oci:empty', 'oci-archive:new.tar', 'dir:new/below', 'docker-archive:a.tar'])
    await check(name.replace(':', `:${folder}/`));
  assert.deepEqual(await readdir(folder, { recursive: true }), ['empty']);
});

test('a place that cannot be written is named', { skip }, async (t) => {
  const folder = await testFolder(t);
  await writeFile(join(folder, 'file'), 'text');
  for (const [name, code] of [
    ['oci:file', 'ERR_IMAGE_TARGET'],
    ['oci:file/below', 'ERR_IO'],
    ['oci:missing/below', 'ERR_IO'],
    ['oci-archive:file', 'ERR_IMAGE_TARGET'],
    ['oci-archive:missing/below', 'ERR_IO'],
    ['docker-archive:file', 'ERR_IMAGE_TARGET'],
    ['docker-archive:file/below', 'ERR_IO'],
    ['dir:file/below', 'ERR_IO'],
  ] as const) {
    const path = join(folder, name.slice(name.indexOf(':') + 1));
    await assert.rejects(check(name.replace(':', `:${folder}/`)), (error: Error) => {
      assert.doesNotMatch(error.message, /\.tmp\b/);
      return coded(code, path)(error);
    });
  }
  assert.deepEqual(await readdir(folder), ['file']);
});

test('keys to sign with are read before', { skip }, async (t) => {
  const folder = await testFolder(t);
  const signing = { signBySigstorePrivateKey: join(folder, 'key') };
  await assert.rejects(check(`dir:${folder}/d`, { signing }), coded('ERR_SIGNING_KEY', join(folder, 'key')));
  await assert.rejects(check(`oci:${folder}/d`, { signing }), coded('ERR_USAGE', 'cannot be signed'));
});
