import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, mkdir, open, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { followLinks, writeToPath } from '../../src/base/output-target.ts';
import { coded } from '../support/expect.ts';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { ROOT } from '../support/project.ts';
import { testFolder } from '../support/small-image.ts';

const run = promisify(execFile);
const LARGE = Buffer.alloc(1_000_000, 'x');

async function* pieces(...all: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all;
}

test('a regular file is replaced, at the end of the symlinks that lead to it', async (t) => {
  const folder = await testFolder(t);
  await mkdir(join(folder, 'real'));
  await writeFile(join(folder, 'real/file'), 'old');
  await symlink('real/file', join(folder, 'link'));
  await symlink('link', join(folder, 'alias'));
  await symlink('real/new', join(folder, 'dangling'));
  await writeToPath(join(folder, 'alias'), pieces(Buffer.from('new')));
  await writeToPath(join(folder, 'dangling'), pieces(Buffer.from('there')));
  assert.equal(await readlink(join(folder, 'alias')), 'link');
  assert.equal(await readlink(join(folder, 'link')), 'real/file');
  assert.equal(await readFile(join(folder, 'real/file'), 'utf8'), 'new');
  assert.equal(await readFile(join(folder, 'real/new'), 'utf8'), 'there');
  assert.deepEqual(await readdir(join(folder, 'real')), ['file', 'new']);
});

test('a failure leaves the file as it was', async (t) => {
  const folder = await testFolder(t);
  await writeFile(join(folder, 'file'), 'old');
  await symlink('file', join(folder, 'link'));
  const failing = async function* () {
    yield Buffer.from('half');
    throw new Error('no more');
  };
  await assert.rejects(writeToPath(join(folder, 'link'), failing()), /no more/);
  assert.equal(await readFile(join(folder, 'file'), 'utf8'), 'old');
  assert.deepEqual(await readdir(folder), ['file', 'link']);
});

test('a FIFO is written into, and waits for its reader', { skip: unlessInstalled('mkfifo') }, async (t) => {
  const folder = await testFolder(t);
  const fifo = join(folder, 'fifo');
  await run('mkfifo', [fifo]);
  await symlink('fifo', join(folder, 'link'));
  const reader = run('wc', ['-c', fifo]);
  await writeToPath(join(folder, 'link'), pieces(LARGE, LARGE));
  assert.match((await reader).stdout, /^2000000 /);
  assert.ok((await lstat(fifo)).isFIFO());
});

test('a process that waits for the reader of a FIFO ends on SIGTERM', {
  skip: unlessInstalled('mkfifo'),
}, async (t) => {
  const folder = await testFolder(t);
  const fifo = join(folder, 'fifo');
  await run('mkfifo', [fifo]);
  const script = `
    import { writeToPath } from ${JSON.stringify(join(ROOT, 'src/base/output-target.ts'))};
    process.on('SIGTERM', () => process.exit(143));
    const writing = writeToPath(process.argv[1], [Buffer.from('x')]);
    console.log('waiting');
    await writing;`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script, fifo], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  assert.deepEqual(await exit, [143, null]);
});

test('a device is written into, whatever link leads there', {
  skip: unlessRoot() || unlessInstalled('mknod'),
}, async (t) => {
  const folder = await testFolder(t);
  const device = join(folder, 'null');
  await run('mknod', [device, 'c', '1', '3']);
  await symlink('null', join(folder, 'link'));
  for (const name of ['null', 'link']) await writeToPath(join(folder, name), pieces(LARGE));
  assert.ok((await lstat(device)).isCharacterDevice());
  assert.ok((await lstat(join(folder, 'link'))).isSymbolicLink());
  assert.deepEqual(await readdir(folder), ['link', 'null']);
});

test('an open descriptor is written into, though it stands for a regular file', async (t) => {
  const folder = await testFolder(t);
  const path = join(folder, 'file');
  await using file = await open(path, 'w+');
  const before = (await file.stat()).ino;
  await writeToPath(`/dev/fd/${file.fd}`, pieces(Buffer.from('through it')));
  assert.equal(await readFile(path, 'utf8'), 'through it');
  assert.equal((await lstat(path)).ino, before);
});

test('errors of what is written into name the path', async (t) => {
  const folder = await testFolder(t);
  const path = join(folder, 'socket');
  const server = createServer().listen(path);
  await once(server, 'listening');
  await assert.rejects(writeToPath(path, pieces(LARGE)), coded('ERR_IO', path));
  server.close();
});

test('directories and loops are one line that names the path', async (t) => {
  const folder = await testFolder(t);
  await symlink('b', join(folder, 'a'));
  await symlink('a', join(folder, 'b'));
  await assert.rejects(writeToPath(folder, pieces()), coded('ERR_IO', `${folder}: it is a directory`));
  await assert.rejects(followLinks(join(folder, 'a')), coded('ERR_IO', join(folder, 'a')));
});
