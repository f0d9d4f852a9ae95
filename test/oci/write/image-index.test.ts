import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { parseImageReference } from '../../../src/oci/model/reference.ts';
import { openAllPlatforms } from '../../../src/oci/read/all-platforms.ts';
import { imagePlatforms } from '../../../src/oci/read/index-platforms.ts';
import { openImage } from '../../../src/oci/read/open-image.ts';
import type { OpenedImage } from '../../../src/oci/read/opened-image.ts';
import { writeImageIndex } from '../../../src/oci/write/image-index.ts';
import type { OnImageBytes } from '../../../src/oci/write/image-sink.ts';
import { publishImage } from '../../../src/oci/write/publish.ts';
import { coded } from '../../support/expect.ts';
import { ReportedBytes } from '../../support/reported-bytes.ts';
import { oneFileTar, testFolder, writeSmallImage } from '../../support/small-image.ts';

const AMD64 = { architecture: 'amd64', os: 'linux' };
const ARM_V7 = { architecture: 'arm', os: 'linux', variant: 'v7' };

/** An image of each platform, in a directory and in an archive. */
async function twoImages(t: TestContext) {
  const folder = await testFolder(t);
  const references = [`oci:${join(folder, 'one')}`, `oci-archive:${join(folder, 'two.tar')}:v1`].map(
    parseImageReference,
  );
  const digests = [];
  for (const [index, platform] of [AMD64, ARM_V7].entries()) {
    const image = { platform, tars: [oneFileTar('shared'), oneFileTar(platform.architecture)] };
    digests.push(
      await publishImage(references[index] ?? assert.fail(), (sink) => writeSmallImage(sink, image)),
    );
  }
  return { folder, references, digests };
}

async function indexInto(
  target: string,
  sources: readonly string[],
  annotations = {},
  onProgress: OnImageBytes = () => {},
) {
  const images: OpenedImage[] = [];
  for (const source of sources) images.push(...(await openAllPlatforms(parseImageReference(source))));
  try {
    return await publishImage(
      parseImageReference(target),
      (sink) => writeImageIndex(sink, images, { annotations, onProgress }),
      { isIndex: true },
    );
  } finally {
    for (const image of images) await image.close();
  }
}

async function digestFor(text: string, platform: typeof AMD64): Promise<string> {
  const image = await openImage(parseImageReference(text), { platform });
  try {
    for (const layer of image.manifest.layers) for await (const _ of image.layer(layer));
    return image.manifestDigest;
  } finally {
    await image.close();
  }
}

test('an index has the images as they were, one for each platform', async (t) => {
  const { folder, digests } = await twoImages(t);
  const sources = [`oci:${folder}/one`, `oci-archive:${folder}/two.tar:v1`];
  for (const target of [`oci:${folder}/both:v2`, `oci-archive:${folder}/both.tar`]) {
    await indexInto(target, sources, { 'org.example.of': 'both' });
    assert.deepEqual(await imagePlatforms(parseImageReference(target)), [AMD64, ARM_V7]);
    assert.equal(await digestFor(target, AMD64), digests[0]);
    assert.equal(await digestFor(target, ARM_V7), digests[1]);
  }
});

test('an index of an index has its images, and the same bytes', async (t) => {
  const { folder } = await twoImages(t);
  const sources = [`oci:${folder}/one`, `oci-archive:${folder}/two.tar:v1`];
  const first = await indexInto(`oci:${folder}/both`, sources);
  assert.equal(await indexInto(`oci:${folder}/again`, [`oci:${folder}/both`]), first);
});

test('the total of the progress is the bytes of all layers', async (t) => {
  const { folder } = await twoImages(t);
  const reported = new ReportedBytes();
  const sources = [`oci:${folder}/one`, `oci-archive:${folder}/two.tar:v1`];
  await indexInto(`oci:${folder}/both`, sources, {}, reported.onProgress);
  assert.deepEqual([...reported.totals], [reported.done]);
});

test('one image alone has no platforms to choose from', async (t) => {
  const { references } = await twoImages(t);
  for (const reference of references) assert.equal(await imagePlatforms(reference), undefined);
});

test('two images for one platform are refused, and nothing is written', async (t) => {
  const { folder, references } = await twoImages(t);
  const target = `oci:${folder}/twice`;
  await assert.rejects(
    indexInto(target, [`oci:${folder}/one`, `oci:${folder}/one`]),
    coded('ERR_USAGE', 'two images are for linux/amd64'),
  );
  await assert.rejects(imagePlatforms(parseImageReference(target)), coded('ERR_IMAGE_MISSING', 'twice'));
  assert.equal(references.length, 2);
});

test('a destination that holds single images only is refused', async (t) => {
  const { folder } = await twoImages(t);
  for (const target of ['containers-storage:localhost/os', `docker-archive:${folder}/os.tar`])
    await assert.rejects(indexInto(target, [`oci:${folder}/one`]), coded('ERR_USAGE', 'image index'));
});
