import assert from 'node:assert/strict';
import test from 'node:test';
import { canonicalJson } from '../../../src/oci/model/canonical-json.ts';
import { type Descriptor, digestOf } from '../../../src/oci/model/descriptor.ts';
import {
  EMPTY_INDEX,
  indexEntry,
  parseIndex,
  tagOf,
  withEntry,
} from '../../../src/oci/model/image-layout.ts';
import type { Json } from '../../../src/oci/model/json.ts';
import { MEDIA_TYPE_MANIFEST } from '../../../src/oci/model/media-types.ts';
import { coded } from '../../support/expect.ts';

const PLATFORM = { architecture: 'amd64', os: 'linux' };

function entry(content: string, tag?: string): Descriptor {
  const bytes = Buffer.from(content);
  return indexEntry(
    { mediaType: MEDIA_TYPE_MANIFEST, digest: digestOf(bytes), size: bytes.length },
    PLATFORM,
    tag,
  );
}

test('a tagged entry replaces those with its tag and goes to the end', () => {
  const index = [entry('1', 'a'), entry('2', 'b'), entry('3', 'a')].reduce(withEntry, EMPTY_INDEX);
  assert.deepEqual(index.manifests, [entry('2', 'b'), entry('3', 'a')]);
  assert.equal(tagOf(entry('1', 'a')), 'a');
});

test('an untagged entry replaces everything', () => {
  const index = [entry('1', 'a'), entry('2')].reduce(withEntry, EMPTY_INDEX);
  assert.deepEqual(index.manifests, [entry('2')]);
});

test('an index is written as ostree-ext does, and read again', () => {
  const bytes = canonicalJson(withEntry(EMPTY_INDEX, entry('1', 'v1')) as Json);
  const text = `{"manifests":[{"annotations":{"org.opencontainers.image.ref.name":"v1"},"digest":"${digestOf(Buffer.from('1'))}","mediaType":"application/vnd.oci.image.manifest.v1+json","platform":{"architecture":"amd64","os":"linux"},"size":1}],"schemaVersion":2}`;
  assert.equal(bytes.toString(), text);
  assert.deepEqual(parseIndex(bytes, 'x').manifests, [entry('1', 'v1')]);
});

test('a faulty index names the entry', () => {
  const text = '{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"y","size":1}]}';
  assert.throws(
    () => parseIndex(Buffer.from(text), 'index.json'),
    coded('ERR_DIGEST_SYNTAX', 'manifests[0].digest'),
  );
  assert.throws(() => parseIndex(Buffer.from('{}'), 'index.json'), coded('ERR_JSON', 'manifests'));
});
