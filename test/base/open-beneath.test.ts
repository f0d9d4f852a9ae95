import assert from 'node:assert/strict';
import {
  closeSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { listBeneath, lstatBeneath } from '../../src/base/list-beneath.ts';
import { type BeneathOptions, openBeneath, readBeneath } from '../../src/base/open-beneath.ts';
import { must } from '../e2e/support/run.ts';
import { makeTree } from '../support/beneath-tree.ts';
import { coded } from '../support/expect.ts';
import { inMountNamespace, unlessNamespaces } from '../support/mount-namespace.ts';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { ROOT } from '../support/project.ts';

const MAX = 1000;

function textOf(root: string, path: string, options: BeneathOptions = {}): string | undefined {
  return readBeneath(root, path, { ...options, maxBytes: MAX })?.toString();
}

const unsafe = (...words: readonly string[]) => coded('ERR_FILE_UNSAFE', ...words);

test('plain files are opened, and what is not there is undefined', async (t) => {
  const { root } = await makeTree(t);
  for (const links of ['refuse', 'inside'] as const) {
    for (const path of ['file', 'a/file', 'a/b/file']) assert.equal(textOf(root, path, { links }), 'inside');
    const file = openBeneath(root, 'a/file', { links });
    assert.equal(file?.stats.size, 6);
    closeSync(file?.fd ?? -1);
    for (const absent of ['none', 'none/file', 'file/below', 'x'.repeat(300)])
      assert.equal(textOf(root, absent, { links }), undefined, absent.slice(0, 20));
    assert.equal(textOf(join(root, 'none'), 'file', { links }), undefined);
    assert.equal(textOf('/', join(root, 'file').slice(1), { links }), 'inside');
    assert.equal(textOf(`${root}/`, 'file', { links }), 'inside');
  }
});

test('no file outside of the root is opened, whichever name is the link', async (t) => {
  const { folder, root, link } = await makeTree(t);
  link('../beside/file', 'relative');
  link(join(folder, 'beside/file'), 'absolute');
  link('../beside/a', 'directory');
  link('../../beside/a/b', 'a/deep');
  link('absolute', 'chain');
  link(`${root}x`, 'sibling');
  writeFileSync(`${root}x`, 'secret');
  for (const links of ['refuse', 'inside'] as const) {
    for (const path of [
      'relative',
      'absolute',
      'directory/file',
      'directory/b/file',
      'a/deep/file',
      'chain',
      'sibling',
    ])
      assert.throws(() => textOf(root, path, { links }), unsafe(join(root, path)), `${links} ${path}`);
    assert.throws(() => textOf(root, '../beside/file', { links }), unsafe());
  }
  assert.throws(() => textOf(root, 'directory/file'), unsafe(join(folder, 'beside/a/file')));
});

test('links that stay inside are followed where that is asked for', async (t) => {
  const { root, link } = await makeTree(t);
  link('a/b/file', 'to-file');
  link(join(root, 'a'), 'to-directory');
  link('to-file', 'chain');
  link('../beside/../root/file', 'there-and-back');
  for (const path of ['to-file', 'to-directory/file', 'chain', 'there-and-back']) {
    assert.equal(textOf(root, path, { links: 'inside' }), 'inside', path);
    assert.throws(() => textOf(root, path), unsafe(join(root, path)), path);
  }
});

test('links may be held within a directory', async (t) => {
  const { root, link } = await makeTree(t);
  link('b/file', 'a/alias');
  link('../file', 'a/out');
  link('a', 'other');
  const options = { links: 'inside', within: 'a' } as const;
  assert.equal(textOf(root, 'a/alias', options), 'inside');
  assert.equal(textOf(root, 'other/file', options), 'inside');
  assert.throws(() => textOf(root, 'a/out', options), unsafe('a/out'));
  // The directory itself must not be a link: what is within it lies elsewhere.
  assert.throws(() => textOf(root, 'other/file', { links: 'inside', within: 'other' }), unsafe('other/file'));
});

test('links that lead nowhere or in a circle', async (t) => {
  const { root, link } = await makeTree(t);
  link('nowhere', 'dangling');
  link('circle', 'circle');
  assert.equal(textOf(root, 'dangling', { links: 'inside' }), undefined);
  assert.throws(() => textOf(root, 'dangling'), unsafe('a symbolic link'));
  assert.throws(() => textOf(root, 'circle', { links: 'inside' }), unsafe('circle'));
  assert.throws(() => textOf(root, 'circle/file', { links: 'inside' }), unsafe('circle'));
});

test('a directory, FIFO or device is not opened', { skip: unlessInstalled('mkfifo') }, async (t) => {
  const { root, link } = await makeTree(t);
  await must(['mkfifo', join(root, 'fifo')]);
  link('fifo', 'to-fifo');
  link('/dev/null', 'device');
  link('/dev', 'devices');
  for (const [path, words] of [
    ['a', 'a directory'],
    ['fifo', 'a FIFO'],
    ['device', ''],
    ['devices/zero', ''],
  ] as const) {
    assert.throws(() => textOf(root, path), unsafe(words), path);
    assert.throws(() => textOf(root, path, { links: 'inside' }), unsafe(words), path);
  }
  assert.throws(() => textOf(root, 'to-fifo', { links: 'inside' }), unsafe('a FIFO'));
});

test('a device node', { skip: unlessRoot() || unlessInstalled('mknod') }, async (t) => {
  const { root } = await makeTree(t);
  await must(['mknod', join(root, 'zero'), 'c', '1', '5']);
  for (const links of ['refuse', 'inside'] as const)
    assert.throws(() => textOf(root, 'zero', { links }), unsafe('a device'));
});

test('at most as many bytes as the caller allows', async (t) => {
  const { root } = await makeTree(t);
  truncateSync(join(root, 'file'), MAX);
  assert.equal(textOf(root, 'file')?.length, MAX);
  truncateSync(join(root, 'file'), 2 ** 40);
  assert.throws(
    () => textOf(root, 'file'),
    coded('ERR_FILE_TOO_LARGE', join(root, 'file'), `${2 ** 40}`, `${MAX}`),
  );
});

test('a root that is reached through links', async (t) => {
  const { folder, root } = await makeTree(t);
  symlinkSync('root', join(folder, 'named'));
  symlinkSync(folder, join(folder, 'up'));
  for (const named of [join(folder, 'named'), join(folder, 'up/named'), join(folder, 'up/root')]) {
    assert.equal(textOf(named, 'a/file'), 'inside');
    assert.equal(textOf(named, 'a/file', { links: 'inside' }), 'inside');
    assert.equal(listBeneath(named, 'a')?.length, 2);
  }
  assert.equal(textOf(root, 'a/file'), 'inside');
});

test('a root that is replaced, by a directory or by turning its link', async (t) => {
  const { folder, root } = await makeTree(t);
  const named = join(folder, 'named');
  symlinkSync('root', named);
  assert.equal(textOf(named, 'file'), 'inside');
  assert.equal(textOf(root, 'file'), 'inside');
  mkdirSync(join(folder, 'second'));
  writeFileSync(join(folder, 'second/file'), 'second');
  rmSync(named);
  symlinkSync('second', named);
  assert.equal(textOf(named, 'file'), 'second');
  renameSync(root, join(folder, 'old'));
  renameSync(join(folder, 'second'), root);
  assert.equal(textOf(root, 'file'), 'second');
});

test('no descriptor is left open', { skip: process.platform !== 'linux' }, async (t) => {
  const { root, link } = await makeTree(t);
  link('../beside/file', 'out');
  const open = () => readdirSync('/proc/self/fd').length;
  const before = open();
  for (const path of ['file', 'out', 'a', 'none', 'a/b/file']) {
    for (const links of ['refuse', 'inside'] as const) {
      try {
        textOf(root, path, { links });
        lstatBeneath(root, path);
        listBeneath(root, path);
      } catch {}
    }
  }
  assert.equal(open(), before);
});

test('without /proc the same files are opened and refused', { skip: unlessNamespaces() }, async (t) => {
  const { folder, link } = await makeTree(t);
  link('a/file', 'alias');
  link('../beside/a', 'out');
  symlinkSync('root', join(folder, 'named'));
  const script = join(folder, 'script.mjs');
  writeFileSync(
    script,
    `import { listBeneath, lstatBeneath } from ${JSON.stringify(join(ROOT, 'src/base/list-beneath.ts'))};
     import { readBeneath } from ${JSON.stringify(join(ROOT, 'src/base/open-beneath.ts'))};
     import { existsSync } from 'node:fs';
     const outcome = (work) => { try { return String(work()); } catch (error) { return error.code; } };
     const read = (path, links) => outcome(() => readBeneath(process.argv[2], path, { links, maxBytes: 99 }));
     console.log(existsSync('/proc/self/fd'));
     for (const links of ['refuse', 'inside'])
       console.log(links, ...['file', 'none', 'alias', 'out/file', 'a'].map((path) => read(path, links)));
     console.log(outcome(() => listBeneath(process.argv[2], 'a').length), outcome(() => listBeneath(process.argv[2], 'out')));
     console.log(outcome(() => lstatBeneath(process.argv[2], 'a/file').size), outcome(() => lstatBeneath(process.argv[2], 'out/file')));`,
  );
  const commands = 'mount -t tmpfs none /proc; exec "$@"';
  const { stdout, stderr } = await inMountNamespace(
    commands,
    process.execPath,
    script,
    join(folder, 'named'),
  );
  assert.deepEqual(
    stdout.split('\n'),
    [
      'false',
      'refuse inside undefined ERR_FILE_UNSAFE ERR_FILE_UNSAFE ERR_FILE_UNSAFE',
      'inside inside undefined inside ERR_FILE_UNSAFE ERR_FILE_UNSAFE',
      '2 ERR_FILE_UNSAFE',
      '6 ERR_FILE_UNSAFE',
      '',
    ],
    stderr,
  );
});
