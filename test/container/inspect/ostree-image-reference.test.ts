import assert from 'node:assert/strict';
import test from 'node:test';
import {
  formatOstreeImageReference,
  hasVerificationScheme,
  type OstreeImageReference,
  parseOstreeImageReference,
  unverifiedReference,
} from '../../../src/container/inspect/ostree-image-reference.ts';
import { coded } from '../../support/expect.ts';

const registry = { transport: 'registry', name: 'quay.io/os/blah:1' } as const;
const archive = { transport: 'oci-archive', name: '/a/b:tag' } as const;
const remote = { kind: 'remote', remote: 'my-os' } as const;
const policy = { kind: 'container-policy' } as const;
const unverified = { kind: 'unverified' } as const;

const GOOD: readonly (readonly [string, OstreeImageReference, string])[] = [
  [
    'ostree-remote-image:my-os:registry:quay.io/os/blah:1',
    { verification: remote, image: registry },
    'ostree-remote-image:my-os:docker://quay.io/os/blah:1',
  ],
  [
    'ostree-remote-registry:my-os:quay.io/os/blah:1',
    { verification: remote, image: registry },
    'ostree-remote-image:my-os:docker://quay.io/os/blah:1',
  ],
  [
    'ostree-remote-image:my-os:oci-archive:/a/b:tag',
    { verification: remote, image: archive },
    'ostree-remote-image:my-os:oci-archive:/a/b:tag',
  ],
  [
    'ostree-image-signed:docker://quay.io/os/blah:1',
    { verification: policy, image: registry },
    'ostree-image-signed:docker://quay.io/os/blah:1',
  ],
  [
    'ostree-unverified-image:registry:quay.io/os/blah:1',
    { verification: unverified, image: registry },
    'ostree-unverified-registry:quay.io/os/blah:1',
  ],
  [
    'ostree-unverified-registry:quay.io/os/blah:1',
    { verification: unverified, image: registry },
    'ostree-unverified-registry:quay.io/os/blah:1',
  ],
  [
    'ostree-unverified-image:oci-archive:/a/b:tag',
    { verification: unverified, image: archive },
    'ostree-unverified-image:oci-archive:/a/b:tag',
  ],
];

test('all five schemes are parsed, and displayed as ostree-ext does', () => {
  for (const [text, reference, display] of GOOD) {
    assert.ok(hasVerificationScheme(text));
    assert.deepEqual(parseOstreeImageReference(text), reference, text);
    assert.equal(formatOstreeImageReference(reference), display);
    assert.deepEqual(parseOstreeImageReference(display), reference);
  }
});

test('a bare image reference has no scheme and is refused with the schemes listed', () => {
  for (const text of [
    'docker://quay.io/x',
    'oci:/a',
    'quay.io/x',
    '',
    ':',
    'toString:x',
    'ostree-foo:oci:/a',
  ]) {
    assert.equal(hasVerificationScheme(text), false, text);
    assert.throws(
      () => parseOstreeImageReference(text),
      coded(
        'ERR_IMAGE_REFERENCE',
        'ostree-remote-image:REMOTE:IMAGE',
        'ostree-remote-registry:REMOTE:NAME',
        'ostree-image-signed:IMAGE',
        'ostree-unverified-image:IMAGE',
        'ostree-unverified-registry:NAME',
      ),
    );
  }
});

test('a bare image reference can be taken as unverified', () => {
  assert.deepEqual(unverifiedReference(archive), { verification: unverified, image: archive });
});

test('an unknown transport behind a scheme is refused with the transports listed', () => {
  for (const scheme of ['ostree-image-signed:', 'ostree-unverified-image:', 'ostree-remote-image:r:']) {
    for (const image of ['quay.io/x', 'foo:bar', ''])
      assert.throws(
        () => parseOstreeImageReference(scheme + image),
        coded('ERR_IMAGE_REFERENCE', 'docker://', 'oci-archive:', 'containers-storage:'),
      );
  }
});

test('an empty name, and a remote that is missing or no name, are refused', () => {
  for (const text of ['ostree-unverified-registry:', 'ostree-remote-registry:r:', 'ostree-image-signed:oci:'])
    assert.throws(() => parseOstreeImageReference(text), coded('ERR_IMAGE_REFERENCE', 'empty'));
  for (const text of ['ostree-remote-registry:quay.io/x', 'ostree-remote-image:'])
    assert.throws(() => parseOstreeImageReference(text), coded('ERR_IMAGE_REFERENCE', 'colon'));
  for (const text of [
    'ostree-remote-registry::x',
    'ostree-remote-image:a/b:oci:/x',
    'ostree-remote-image:-r:oci:/x',
  ])
    assert.throws(() => parseOstreeImageReference(text), coded('ERR_IMAGE_REFERENCE', 'name of a remote'));
});

test('a missing or misspelt scheme is answered with what was meant', () => {
  for (const [text, meant] of [
    [
      'registry.example.com/os:1',
      'did you mean ostree-remote-image:REMOTE:docker://registry.example.com/os:1 or ' +
        'ostree-unverified-image:docker://registry.example.com/os:1?',
    ],
    ['ostree-unverified-imag:oci:x\ny', 'x\\ny": it must be one of'],
    ['localhost/\nos', 'nos": it must be one of'],
    ['ostree-unverified-imag:oci:x', 'did you mean ostree-unverified-image:oci:x?'],
    ['ostree-image-singed:docker://x/y', 'did you mean ostree-image-signed:docker://x/y?'],
  ] as const) {
    assert.throws(() => parseOstreeImageReference(text), coded('ERR_IMAGE_REFERENCE', meant));
  }
});
