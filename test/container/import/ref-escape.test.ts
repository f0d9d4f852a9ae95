import assert from 'node:assert/strict';
import test from 'node:test';
import { escapeForRef, unescapeFromRef } from '../../../src/container/import/ref-escape.ts';
import { isRefName } from '../../../src/ostree/ref-name.ts';
import { coded } from '../../support/expect.ts';

/** ostree-ext's own table. */
const TABLE: Readonly<Record<string, string>> = {
  'sha256:abc': 'sha256_3A_abc',
  'localhost:5000/foo:latest': 'localhost_3A_5000/foo_3A_latest',
  'docker://quay.io/exampleos/blah:latest': 'docker_3A__2F__2F_quay_2E_io/exampleos/blah_3A_latest',
  'oci:/var/tmp/derived.oci': 'oci_3A__2F_var/tmp/derived_2E_oci',
  '/': '_2F_',
  'blah/': 'blah_2F_',
  '/foo/': '_2F_foo_2F_',
  'foo-/bar': 'foo-_2F_bar',
  under_score: 'under__score',
  'a-b': 'a-b',
};

test('text is escaped as ostree-ext escapes it', () => {
  for (const [text, escaped] of Object.entries(TABLE)) assert.equal(escapeForRef(text), escaped);
});

test('a dash that would begin a component is escaped, for no ref may have one', () => {
  assert.equal(escapeForRef('foo/-bar'), 'foo/_2D_bar');
  assert.equal(escapeForRef('-bar'), '_2D_bar');
  assert.equal(escapeForRef('foo/--'), 'foo/_2D_-');
});

test('any text comes back, and is a ref name meanwhile', () => {
  const letters = ['a', 'Z', '0', '-', '_', '/', ':', '.', 'ü', '\u{1F600}', ' ', '\n', '@', '~'];
  for (const a of letters)
    for (const b of letters)
      for (const c of letters) {
        const text = a + b + c;
        const escaped = escapeForRef(text);
        assert.equal(unescapeFromRef(escaped), text);
        assert.ok(isRefName(`ostree/container/image/${escaped}`), JSON.stringify([text, escaped]));
      }
});

test('empty text, NUL and what was not escaped so are ERR_REF_SYNTAX', () => {
  for (const text of ['', 'a\0b']) assert.throws(() => escapeForRef(text), coded('ERR_REF_SYNTAX'));
  for (const text of ['a.b', '_', '_3A', '_3a_', '_110000_', '_00_', 'a:b'])
    assert.throws(() => unescapeFromRef(text), coded('ERR_REF_SYNTAX'));
});
