import assert from 'node:assert/strict';
import test from 'node:test';
import {
  formatImageReference,
  layoutLocation,
  meantReference,
  parseImageReference,
} from '../../../src/oci/model/reference.ts';
import { coded } from '../../support/expect.ts';

const GOOD = [
  [
    'registry:quay.io/os/blah:latest',
    'registry',
    'quay.io/os/blah:latest',
    'docker://quay.io/os/blah:latest',
  ],
  ['docker://quay.io/os/blah', 'registry', 'quay.io/os/blah', 'docker://quay.io/os/blah'],
  ['oci:some/dir', 'oci', 'some/dir', 'oci:some/dir'],
  ['oci:some/dir:tag', 'oci', 'some/dir:tag', 'oci:some/dir:tag'],
  ['oci-archive:/a/b.oci', 'oci-archive', '/a/b.oci', 'oci-archive:/a/b.oci'],
  ['docker-archive:x.tar:a/b:c', 'docker-archive', 'x.tar:a/b:c', 'docker-archive:x.tar:a/b:c'],
  ['containers-storage:localhost/x', 'containers-storage', 'localhost/x', 'containers-storage:localhost/x'],
  ['dir:/x', 'dir', '/x', 'dir:/x'],
  ['docker-daemon:x:latest', 'docker-daemon', 'x:latest', 'docker-daemon:x:latest'],
] as const;

test('every transport is parsed, and displayed as skopeo takes it', () => {
  for (const [text, transport, name, display] of GOOD) {
    const reference = parseImageReference(text);
    assert.deepEqual(reference, { transport, name });
    assert.equal(formatImageReference(reference), display);
    assert.deepEqual(parseImageReference(display), reference);
  }
});

test('unknown transports are refused with the known ones listed', () => {
  for (const text of ['foo:bar', 'quay.io/os/blah:latest', 'plain', '', ':x', 'OCI:x', 'toString:x']) {
    const error = coded(
      'ERR_IMAGE_REFERENCE',
      'registry:',
      'docker://',
      'oci-archive:',
      'docker-daemon:',
      'dir:',
    );
    assert.throws(() => parseImageReference(text), error);
  }
});

test('docker: needs its slashes', () => {
  for (const text of ['docker:quay.io/x', 'docker:/x', 'docker:']) {
    assert.throws(() => parseImageReference(text), coded('ERR_IMAGE_REFERENCE', '//'));
  }
});

test('empty names are refused', () => {
  for (const text of ['registry:', 'docker://', 'oci:', 'oci-archive:', 'dir:', 'docker-daemon:']) {
    assert.throws(() => parseImageReference(text), coded('ERR_IMAGE_REFERENCE', 'empty'));
  }
});

test('a layout is split at the first colon', () => {
  const at = (name: string) => layoutLocation({ transport: 'oci', name });
  assert.deepEqual(at('/a/b'), { path: '/a/b', tag: undefined });
  assert.deepEqual(at('/a/b:'), { path: '/a/b', tag: undefined });
  assert.deepEqual(at('b:quay.io/x:1'), { path: 'b', tag: 'quay.io/x:1' });
  assert.throws(() => at(':tag'), coded('ERR_IMAGE_REFERENCE', 'path'));
});

test('a reference without a transport, or with a misspelt one, is answered with the one that was meant', () => {
  const meant = {
    'registry.example.com/os:1': 'docker://registry.example.com/os:1',
    'registry.example.com:5000/a/os@sha256:0': 'docker://registry.example.com:5000/a/os@sha256:0',
    'reg:5000/os': 'docker://reg:5000/os',
    '[::1]:5000/os': 'docker://[::1]:5000/os',
    'localhost:5000/os:1': 'docker://localhost:5000/os:1',
    'https://registry.example.com/os': 'docker://registry.example.com/os',
    'localhost/os:1': 'containers-storage:localhost/os:1',
    '/srv/image': 'oci:/srv/image',
    './image:1': 'oci:./image:1',
    '../os.tar': 'oci-archive:../os.tar',
    'oci-archve:os.tar': 'oci-archive:os.tar',
    'OCI:dir': 'oci:dir',
    'oci/dir': undefined,
    'os:1': undefined,
    'oci-archve:': undefined,
    '': undefined,
  };
  for (const [text, reference] of Object.entries(meant)) {
    assert.throws(() => parseImageReference(text), coded('ERR_IMAGE_REFERENCE'));
    assert.equal(meantReference(text), reference, text);
  }
  const message = /: "localhost\/os:1": did you mean containers-storage:localhost\/os:1\? it must start with/;
  assert.throws(() => parseImageReference('localhost/os:1'), message);
});
