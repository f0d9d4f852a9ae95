import assert from 'node:assert/strict';
import test from 'node:test';
import { commitLabels } from '../../src/container/labels.ts';
import { variant } from '../../src/gvariant/index.ts';
import type { Commit } from '../../src/ostree/commit.ts';
import type { MetadataDict } from '../../src/ostree/metadata-dict.ts';
import { repeatedChecksum } from '../support/checksums.ts';

const ID = repeatedChecksum('a');

function commitWith(metadata: MetadataDict): Commit {
  return { metadata, parent: undefined, subject: '', body: '', timestamp: 0, rootTree: ID, rootMeta: ID };
}

const NONE = { copyMeta: [], copyMetaOptional: [], labels: {} };

test('a commit without metadata is labelled with its id alone', () => {
  assert.deepEqual(commitLabels(ID, commitWith(new Map()), NONE), { 'ostree.commit': ID });
});

test('bootable, kernel and version become labels; containers.bootc is set whatever bootable says', () => {
  const metadata = new Map([
    ['ostree.bootable', variant('b', false)],
    ['ostree.linux', variant('s', '6.1')],
    ['version', variant('s', '42.0')],
  ]);
  assert.deepEqual(commitLabels(ID, commitWith(metadata), NONE), {
    'ostree.bootable': 'false',
    'containers.bootc': '1',
    'ostree.linux': '6.1',
    'org.opencontainers.image.version': '42.0',
    'ostree.commit': ID,
  });
});

test("the user's labels come last and override", () => {
  const commit = commitWith(new Map([['version', variant('s', '42.0')]]));
  const labels = commitLabels(ID, commit, {
    ...NONE,
    labels: { 'org.opencontainers.image.version': '43', x: 'y' },
  });
  assert.equal(labels['org.opencontainers.image.version'], '43');
  assert.equal(labels.x, 'y');
});

test('a key may be named as what every object has', () => {
  const commit = commitWith(new Map([['__proto__', variant('s', 'x')]]));
  const labels = commitLabels(ID, commit, { ...NONE, copyMeta: ['__proto__'] });
  assert.deepEqual(Object.entries(labels), [
    ['__proto__', 'x'],
    ['ostree.commit', ID],
  ]);
});

test('copied metadata must exist and be a string; optional metadata need not exist', () => {
  const commit = commitWith(
    new Map([
      ['buildsys.checksum', variant('s', 'abc')],
      ['n', variant('u', 1)],
    ]),
  );
  const options = { ...NONE, copyMeta: ['buildsys.checksum'], copyMetaOptional: ['absent'] };
  assert.deepEqual(commitLabels(ID, commit, options), { 'buildsys.checksum': 'abc', 'ostree.commit': ID });
  assert.throws(() => commitLabels(ID, commit, { ...NONE, copyMeta: ['absent'] }), {
    code: 'ERR_METADATA_KEY',
    message: 'metadata key "absent" cannot become a label: the commit does not have it',
  });
  assert.throws(() => commitLabels(ID, commit, { ...NONE, copyMetaOptional: ['n'] }), {
    code: 'ERR_METADATA_KEY',
    message: /holds it as "u"/,
  });
});
