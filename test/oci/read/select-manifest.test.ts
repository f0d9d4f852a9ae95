import assert from 'node:assert/strict';
import test from 'node:test';
import { type Descriptor, digestOf, type Platform } from '../../../src/oci/model/descriptor.ts';
import { ANNOTATION_REF_NAME, MEDIA_TYPE_MANIFEST } from '../../../src/oci/model/media-types.ts';
import { hostPlatform } from '../../../src/oci/model/platform.ts';
import { selectNested, selectTopLevel } from '../../../src/oci/read/select-manifest.ts';
import { coded } from '../../support/expect.ts';

const HOST = hostPlatform();
const ARM: Platform = { architecture: 'arm64', os: 'linux', variant: 'v8' };
const OTHER: Platform = { architecture: 's390x', os: 'linux' };
const ATTESTATION: Platform = { architecture: 'unknown', os: 'unknown' };

function entry(content: string, platform?: Platform, tag?: string): Descriptor {
  return {
    mediaType: MEDIA_TYPE_MANIFEST,
    digest: digestOf(Buffer.from(content)),
    size: 1,
    ...(platform && { platform }),
    ...(tag && { annotations: { [ANNOTATION_REF_NAME]: tag } }),
  };
}

function top(manifests: readonly Descriptor[], tag?: string, platform?: Platform): Descriptor {
  return selectTopLevel({ schemaVersion: 2, manifests }, { place: 'oci:x', tag, platform });
}

function nested(manifests: readonly Descriptor[], platform?: Platform): Descriptor {
  return selectNested({ schemaVersion: 2, manifests }, { place: 'oci:x', tag: undefined, platform });
}

test('the only image is chosen, whatever its platform', () => {
  assert.deepEqual(top([entry('a', OTHER)]), entry('a', OTHER));
  assert.deepEqual(top([entry('a', OTHER, 'v1'), entry('a', OTHER, 'v2')]).digest, entry('a').digest);
});

test('a tag chooses', () => {
  const entries = [entry('a', HOST, 'v1'), entry('b', HOST, 'v2')];
  assert.deepEqual(top(entries, 'v2'), entries[1]);
  assert.throws(() => top(entries, 'v3'), coded('ERR_IMAGE_MISSING', '"v3"', 'oci:x', 'v1, v2'));
  assert.throws(() => top([entry('a')], 'v3'), coded('ERR_IMAGE_MISSING', 'nothing there has a tag'));
  assert.throws(() => top([]), coded('ERR_IMAGE_MISSING', 'oci:x'));
});

test('of several the platform chooses, by default this machine', () => {
  const entries = [entry('a', OTHER, 'v1'), entry('b', HOST, 'v1')];
  assert.deepEqual(top(entries, 'v1'), entries[1]);
  assert.deepEqual(top(entries, 'v1', OTHER), entries[0]);
  assert.throws(
    () => top(entries, 'v1', { architecture: 'mips', os: 'linux' }),
    coded('ERR_IMAGE_MISSING', 'linux/mips', 'linux/s390x'),
  );
});

test('several that fit are ambiguous', () => {
  assert.throws(
    () => top([entry('a', HOST, 'v1'), entry('b', HOST, 'v2')]),
    coded('ERR_IMAGE_AMBIGUOUS', 'v1, v2'),
  );
});

test('nested: the first that fits; attestations never do', () => {
  const entries = [entry('x', ATTESTATION), entry('a', OTHER), entry('b', ARM), entry('c', ARM)];
  assert.deepEqual(nested(entries, { architecture: 'arm64', os: 'linux' }), entry('b', ARM));
  assert.deepEqual(nested(entries, ARM), entry('b', ARM));
  assert.throws(() => nested(entries, { ...ARM, variant: 'v9' }), coded('ERR_IMAGE_MISSING', 'linux/arm64'));
  assert.deepEqual(nested([entry('a', OTHER)]), entry('a', OTHER));
  assert.throws(() => nested([entry('a', OTHER)], ARM), coded('ERR_IMAGE_MISSING', 'linux/s390x'));
  assert.throws(() => nested([]), coded('ERR_IMAGE_MISSING', 'none at all'));
});
