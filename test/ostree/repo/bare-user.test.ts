import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import { write } from '../../../src/gvariant/index.ts';
import { swap32 } from '../../../src/ostree/byte-order.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { coded } from '../../support/expect.ts';

const SUM = repeatedChecksum('ab');

function meta(mode: number, xattrs: readonly (readonly [Buffer, Buffer])[] = []): Buffer {
  return write('(uuua(ayay))', [swap32(7), swap32(8), swap32(mode), xattrs]);
}

/** The attribute is given by the test; libc's own reading is proven with real repositories. */
async function place(t: TestContext, attribute: Buffer | undefined) {
  const folder = await tempDir(t);
  const path = join(folder, loosePath(SUM, 'file'));
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(join(folder, 'config'), '[core]\nmode=bare-user\n');
  const xattrs = {
    list: () => [],
    get: (_: string, name: string) => (name === 'user.ostreemeta' ? attribute : undefined),
  };
  const repo = await openRepository(folder, { xattrs });
  return { path, content: () => repo.objects.content(SUM) };
}

test('owner, mode and attributes come from the one attribute', async (t) => {
  const { path, content } = await place(t, meta(0o104755, [[Buffer.from('user.a\0'), Buffer.from('b')]]));
  writeFileSync(path, 'foo', { mode: 0o600 });
  const { header, size, stream } = await content();
  const xattrs = Buffer.from('user.a\0b\x07\x09', 'latin1');
  assert.deepEqual(header, { uid: 7, gid: 8, mode: 0o104755, target: '', xattrs });
  assert.equal(size, 3);
  assert.equal((await collect(stream())).toString(), 'foo');
});

test('a symlink is a file with its target, with or without NUL', async (t) => {
  const { path, content } = await place(t, meta(0o120777));
  for (const text of ['../..//a', '../..//a\0']) {
    writeFileSync(path, text);
    const { header, size, stream } = await content();
    assert.equal(header.target, '../..//a');
    assert.equal(header.mode, 0o120777);
    assert.equal(size, 0);
    assert.equal((await collect(stream())).length, 0);
  }
});

test('faults name the object', async (t) => {
  const cases: Record<string, readonly [Buffer | undefined, string | Buffer]> = {
    'no attribute': [undefined, 'foo'],
    'an empty attribute': [Buffer.alloc(0), 'foo'],
    'an attribute that is no variant': [Buffer.from('nonsense, and more'), 'foo'],
    'the mode of a directory': [meta(0o40755), 'foo'],
    'the mode of a device': [meta(0o60644), 'foo'],
    'a target of a size that does not exist': [meta(0o120777), 't'.repeat(5000)],
    'a target that is not UTF-8': [meta(0o120777), Buffer.from([0x61, 0xff])],
  };
  for (const [what, [attribute, text]] of Object.entries(cases)) {
    await t.test(what, async (t) => {
      const { path, content } = await place(t, attribute);
      writeFileSync(path, text);
      await assert.rejects(content(), coded('ERR_OBJECT_CORRUPT', `${SUM}.file`));
      rmSync(path);
      await assert.rejects(content(), coded('ERR_OBJECT_MISSING', `${SUM}.file`));
    });
  }
});
