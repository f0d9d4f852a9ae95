import assert from 'node:assert/strict';
import test from 'node:test';
import {
  isKeyfileFault,
  type Keyfile,
  keyfileBoolean,
  keyfileList,
  keyfileString,
  parseKeyfile,
} from '../../src/ostree/keyfile.ts';

function parsed(text: string): Keyfile {
  const keyfile = parseKeyfile(text);
  assert.ok(!isKeyfileFault(keyfile), JSON.stringify(keyfile));
  return keyfile;
}

test('groups, keys, comments and blank lines', () => {
  const keyfile = parsed(
    '# a comment\n\n[core]\nrepo_version=1\n mode = bare \n#mode=archive\n[remote "origin"]\nurl=http://h/?a=b\ngpg-verify=false\n[core]\nlocked=1\n',
  );
  assert.equal(keyfileString(keyfile, 'core', 'mode'), 'bare');
  assert.equal(keyfileString(keyfile, 'remote "origin"', 'url'), 'http://h/?a=b');
  assert.equal(keyfileBoolean(keyfile, 'remote "origin"', 'gpg-verify'), false);
  assert.equal(keyfileBoolean(keyfile, 'core', 'locked'), true);
  assert.equal(keyfileBoolean(keyfile, 'core', 'absent'), undefined);
  assert.equal(keyfileString(keyfile, 'absent', 'mode'), undefined);
});

test('the last of equal keys wins, empty values are values, line ends may be CRLF', () => {
  const keyfile = parsed('[core]\r\nmode=bare\r\nmode=archive\r\nparent=\r\n');
  assert.equal(keyfileString(keyfile, 'core', 'mode'), 'archive');
  assert.equal(keyfileString(keyfile, 'core', 'parent'), '');
});

test('escapes of strings', () => {
  const keyfile = parsed(String.raw`[a]
b=\sx\ty\\n\n\q`);
  assert.equal(keyfileString(keyfile, 'a', 'b'), ' x\ty\\n\n\\q');
});

test('faults are named with their line', () => {
  assert.deepEqual(parseKeyfile('[core]\nnonsense\n'), {
    line: 2,
    what: 'neither a [group] nor a key=value line',
  });
  assert.deepEqual(parseKeyfile('\nmode=bare\n'), { line: 2, what: 'a key before the first [group]' });
  assert.ok(isKeyfileFault(parseKeyfile('[core\nmode=bare\n')));
  assert.ok(isKeyfileFault(parseKeyfile('[core]\n=bare\n')));
});

test('lists end at separators, which may be escaped', () => {
  const keyfile = parsed(String.raw`[a]
engines=ed25519;spki;
paths=/a b\;c; /d,\s/e
empty=
`);
  assert.deepEqual(keyfileList(keyfile, 'a', 'engines'), ['ed25519', 'spki']);
  assert.deepEqual(keyfileList(keyfile, 'a', 'paths'), ['/a b;c', '/d, /e']);
  assert.deepEqual(keyfileList(keyfile, 'a', 'paths', ';,'), ['/a b;c', '/d', ' /e']);
  assert.deepEqual(keyfileList(keyfile, 'a', 'empty'), []);
  assert.equal(keyfileList(keyfile, 'a', 'absent'), undefined);
});
