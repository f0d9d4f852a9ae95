import assert from 'node:assert/strict';
import { closeSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { libcXattrs } from '../../../src/native/libc/xattrs.ts';
import { must } from '../../e2e/support/run.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { coded } from '../../support/expect.ts';
import { unlessInstalled, unlessRoot } from '../../support/programs.ts';

const skip = unlessInstalled('setfattr', 'getfattr');

/** The test's attributes by name; files may have others, for instance on machines with SELinux. */
function own(path: string): Record<string, string> {
  const found = libcXattrs.list(path).filter(({ name }) => name.toString().startsWith('user.'));
  return Object.fromEntries(found.map(({ name, value }) => [name.toString(), value.toString('latin1')]));
}

async function fileWith(
  t: Parameters<typeof tempDir>[0],
  xattrs: Readonly<Record<string, string>>,
): Promise<string> {
  const path = join(await tempDir(t), 'a file – ä');
  writeFileSync(path, 'x');
  for (const [name, value] of Object.entries(xattrs)) await must(['setfattr', '-n', name, '-v', value, path]);
  return path;
}

test('reads the attributes that setfattr sets', { skip }, async (t) => {
  const long = 'v'.repeat(3000);
  const path = await fileWith(t, { 'user.a': 'text', 'user.bytes': '0x00ff0a00', 'user.long': long });
  assert.deepEqual(own(path), { 'user.a': 'text', 'user.bytes': '\x00\xff\n\x00', 'user.long': long });
  assert.equal(libcXattrs.get(path, 'user.a')?.toString(), 'text');
  assert.equal(libcXattrs.get(path, 'user.none'), undefined);
});

test('an open file is read, wherever its path leads', { skip }, async (t) => {
  const path = await fileWith(t, { 'user.a': 'text' });
  const descriptor = openSync(path, 'r');
  const found = libcXattrs.list('/nowhere', descriptor).filter(({ name }) => String(name) === 'user.a');
  assert.deepEqual(
    found.map(({ value }) => String(value)),
    ['text'],
  );
  assert.equal(String(libcXattrs.get('/nowhere', 'user.a', descriptor)), 'text');
  assert.equal(libcXattrs.get('/nowhere', 'user.none', descriptor), undefined);
  closeSync(descriptor);
  assert.throws(() => libcXattrs.list(path, 12345), coded('ERR_OBJECT_UNREADABLE', path, 'EBADF'));
});

test('the next call does not change earlier results', { skip }, async (t) => {
  const one = await fileWith(t, { 'user.a': 'first' });
  const two = await fileWith(t, { 'user.b': 'other' });
  const [first] = libcXattrs.list(one).filter(({ name }) => name.toString() === 'user.a');
  libcXattrs.list(two);
  libcXattrs.get(two, 'user.b');
  assert.deepEqual([first?.name.toString(), first?.value.toString()], ['user.a', 'first']);
});

test('a file without attributes', async (t) => {
  assert.deepEqual(own(await fileWith(t, {})), {});
});

test('a symlink is not followed', { skip }, async (t) => {
  const path = await fileWith(t, { 'user.a': 'of the file' });
  symlinkSync(path, `${path}-link`);
  assert.deepEqual(own(`${path}-link`), {});
  assert.equal(libcXattrs.get(`${path}-link`, 'user.a'), undefined);
});

test("a symlink's own attributes", { skip: skip || unlessRoot() }, async (t) => {
  const path = await fileWith(t, {});
  symlinkSync('x', `${path}-link`);
  await must(['setfattr', '-h', '-n', 'trusted.a', '-v', 'of the link', `${path}-link`]);
  assert.equal(libcXattrs.get(`${path}-link`, 'trusted.a')?.toString(), 'of the link');
});

test('a missing file is a missing object', async (t) => {
  const path = join(await tempDir(t), 'nowhere');
  assert.throws(() => libcXattrs.list(path), coded('ERR_OBJECT_MISSING', path));
  assert.throws(() => libcXattrs.get(path, 'user.a'), coded('ERR_OBJECT_MISSING', path));
});
