import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { digestOf } from '../../../src/oci/model/descriptor.ts';
import { parseImageReference } from '../../../src/oci/model/reference.ts';
import { publishImage } from '../../../src/oci/write/publish.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { oneFileTar, run, testFolder, writeSmallImage } from '../../support/small-image.ts';

const IMAGE = { tars: [oneFileTar('a')] };

test('the digest is that of the image in its place, in every kind of place', {
  skip: unlessInstalled('skopeo'),
}, async (t) => {
  const folder = await testFolder(t);
  for (const transport of ['oci', 'oci-archive', 'dir']) {
    const text = `${transport}:${join(folder, transport)}`;
    const digest = await publishImage(parseImageReference(text), (sink) => writeSmallImage(sink, IMAGE));
    const { stdout } = await run('skopeo', ['inspect', '--raw', text]);
    assert.equal(digestOf(Buffer.from(stdout)), digest);
  }
  assert.equal(await readFile(join(folder, 'dir/version'), 'utf8').then((text) => text.length > 0), true);
});

test('where the build fails, nothing is left', async (t) => {
  const folder = await testFolder(t);
  for (const transport of ['oci', 'oci-archive', 'dir']) {
    const reference = parseImageReference(`${transport}:${join(folder, transport)}`);
    const build = publishImage(reference, async (sink) => {
      const blob = await sink.openBlob();
      await blob.write(Buffer.from('half'));
      await blob.abort();
      throw new Error('the build broke');
    });
    await assert.rejects(build, /the build broke/);
  }
  assert.deepEqual(await readdir(folder), []);
});
