import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import test from 'node:test';
import { isTreeportError } from '../../src/base/errors.ts';
import { write } from '../../src/gvariant/index.ts';
import { DIRMETA_TYPE, parseDirmeta, serializeDirmeta } from '../../src/ostree/dirmeta.ts';

const ROOT = '0000000000000000000041ed';

test('a directory of root, 0755, has the known bytes and id', () => {
  const bytes = serializeDirmeta({ uid: 0, gid: 0, mode: 0o40755, xattrs: [] });
  assert.equal(bytes.toString('hex'), ROOT);
  assert.equal(hash('sha256', bytes), '446a0ef11b7cc167f3b603e585c7eeeeb675faa412d5ec73f62988eb0b6c5488');
  assert.deepEqual(parseDirmeta(bytes), { uid: 0, gid: 0, mode: 0o40755, xattrs: [] });
});

test('owners, modes and attributes come back', () => {
  const meta = {
    uid: 0xfffffffe,
    gid: 3_000_000,
    mode: 0o41777,
    xattrs: [{ name: Buffer.from('user.a'), value: Buffer.from([0, 255]) }],
  };
  assert.deepEqual(parseDirmeta(serializeDirmeta(meta)), meta);
});

test('a mode that is no directory’s is refused', () => {
  for (const mode of ['000081ed', '000001ed', '000141ed', '0000a1ff']) {
    assert.throws(
      () => parseDirmeta(Buffer.from(`${'0'.repeat(16)}${mode}`, 'hex')),
      (error) => isTreeportError(error, 'ERR_OBJECT_CORRUPT'),
      mode,
    );
  }
});

test('attributes out of order or twice are refused', () => {
  for (const names of [
    ['user.b', 'user.a'],
    ['user.a', 'user.a'],
  ]) {
    const xattrs = names.map((name) => [Buffer.from(`${name}\0`), Buffer.from('x')]);
    const bytes = write(DIRMETA_TYPE, [0, 0, 0xed410000, xattrs]);
    assert.throws(
      () => parseDirmeta(bytes),
      (error) => isTreeportError(error, 'ERR_OBJECT_CORRUPT'),
    );
  }
});
