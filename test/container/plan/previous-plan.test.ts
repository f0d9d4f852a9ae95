import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { encapsulate } from '../../../src/container/encapsulate/encapsulate.ts';
import { finishImage } from '../../../src/container/encapsulate/image-draft.ts';
import { planCommit } from '../../../src/container/plan/plan-commit.ts';
import {
  planOfImage,
  planOfManifest,
  readPreviousManifest,
} from '../../../src/container/plan/previous-plan.ts';
import type { Descriptor } from '../../../src/oci/model/descriptor.ts';
import { publishImage } from '../../../src/oci/write/publish.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { coded } from '../../support/expect.ts';
import { ENCAPSULATE_OPTIONS, withImage } from '../../support/mirror-images.ts';
import { commitPaths, debianTree } from '../../support/package-trees.ts';

const LISTS = { a: ['/usr/bin/a'], b: ['/usr/bin/b'], c: ['/usr/bin/c'] };
const FILES = { 'usr/bin/a': 'a', 'usr/bin/b': 'bb', 'usr/bin/c': 'ccc' };

async function encapsulated(t: TestContext, packing: 'compatible' | 'single') {
  const { source, id } = await commitPaths(t, debianTree(LISTS, FILES));
  const { plan, record } = await planCommit(source, id, { packing, warn: assert.fail });
  const path = join(await tempDir(t), 'image');
  const options = { ...ENCAPSULATE_OPTIONS, plan: () => plan, ...(record && { record }) };
  await publishImage({ transport: 'oci', name: path }, async (sink) =>
    finishImage(sink, await encapsulate(source, id, sink, options)),
  );
  return { path, record };
}

function withoutAnnotations<T extends { readonly layers: readonly Descriptor[] }>(manifest: T): T {
  return { ...manifest, layers: manifest.layers.map(({ annotations: _, ...layer }) => layer) };
}

test('the plan is in the history, also when the annotations are lost', async (t) => {
  const { path, record } = await encapsulated(t, 'compatible');
  assert.ok(record);
  await withImage(path, async (image) => {
    assert.deepEqual(planOfImage(image), { record });
    assert.deepEqual(planOfImage({ ...image, manifest: withoutAnnotations(image.manifest) }), { record });
  });
});

test('an image of another maker has names in its annotations', async (t) => {
  const { path, record } = await encapsulated(t, 'compatible');
  await withImage(path, async ({ manifest, config, reference }) => {
    const history = config.history?.map(({ comment: _, ...entry }) => entry) ?? [];
    const foreign = { manifest, config: { ...config, history }, reference };
    const names = {
      layers: manifest.layers.slice(1).map(({ annotations }) =>
        (annotations?.['ostree.components'] ?? '')
          .split(',')
          .filter((name) => name !== '')
          .map((name) => ({ name })),
      ),
    };
    assert.equal(names.layers.length, record?.layers.length);
    assert.deepEqual(planOfImage(foreign), { record: names });
    assert.deepEqual(planOfManifest(manifest), { record: names });
    const derived = { ...manifest, layers: [...manifest.layers, ...withoutAnnotations(manifest).layers] };
    assert.deepEqual(planOfManifest(derived), { record: names });
    assert.match(
      planOfImage({ ...foreign, manifest: withoutAnnotations(manifest) }).missing ?? '',
      /annotation ostree\.components/,
    );
    assert.match(planOfManifest(withoutAnnotations(manifest)).missing ?? '', /annotation/);
  });
});

test('images without a plan', async (t) => {
  const { path } = await encapsulated(t, 'single');
  await withImage(path, async (image) => {
    assert.equal(planOfImage(image).missing, 'it has one layer');
    assert.equal(planOfManifest(image.manifest).missing, 'it has one layer');
    assert.ok(image.config.history?.every(({ comment }) => comment === undefined));
    const { config: _, ...rest } = image.config;
    assert.match(planOfImage({ ...image, config: rest }).missing ?? '', /not made from an ostree commit/);
  });
});

test('a file that is no manifest', async (t) => {
  const folder = await tempDir(t);
  const file = join(folder, 'manifest.json');
  await assert.rejects(readPreviousManifest(file), coded('ERR_IO', file));
  for (const text of ['', 'text', '[]', '{"schemaVersion":2}', '{"schemaVersion":2,"manifests":[]}']) {
    await writeFile(file, text);
    await assert.rejects(readPreviousManifest(file), coded('ERR_JSON', file));
  }
});
