import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  fstatSync,
  mkdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import {
  closePlainFile,
  fileStart,
  honestDate,
  openPlainFile,
  type PlainFile,
  streamPlainFile,
} from '../../../src/server/http/plain-file.ts';
import { coded } from '../../support/expect.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { tempFolder } from '../repos.ts';

const LARGE = randomBytes(1_000_000);

function written(t: TestContext, bytes: Buffer | string): string {
  const path = join(tempFolder(t), 'file');
  writeFileSync(path, bytes);
  return path;
}

function opened(path: string): PlainFile {
  const file = openPlainFile(dirname(path), basename(path));
  assert.ok(file !== undefined);
  return file;
}

function descriptorOf({ content }: PlainFile): number {
  assert.ok(typeof content === 'number');
  return content;
}

function isOpen(descriptor: number): boolean {
  try {
    fstatSync(descriptor);
    return true;
  } catch {
    return false;
  }
}

test('a small file is its bytes, a large one a descriptor', (t) => {
  const path = written(t, 'small');
  const { size, modified, inode, content } = opened(path);
  const stats = statSync(path);
  assert.deepEqual([size, modified, inode], [5, stats.mtimeMs, stats.ino]);
  assert.deepEqual(content, Buffer.from('small'));
  const large = opened(written(t, LARGE));
  assert.equal(large.size, LARGE.length);
  assert.ok(isOpen(descriptorOf(large)));
  closePlainFile(large);
});

test('what is absent is undefined, what is no regular file a coded error', {
  skip: unlessInstalled('mkfifo'),
}, (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'file'), 'x');
  mkdirSync(join(folder, 'directory'));
  symlinkSync('file', join(folder, 'link'));
  symlinkSync('loop', join(folder, 'loop'));
  execFileSync('mkfifo', [join(folder, 'fifo')]);
  for (const name of ['absent', 'file/below', 'x'.repeat(300)]) {
    assert.equal(openPlainFile(folder, name), undefined, name);
  }
  for (const name of ['directory', 'link', 'loop', 'fifo']) {
    assert.throws(() => openPlainFile(folder, name), coded('ERR_FILE_UNSAFE', name));
  }
});

test('the start of a file', (t) => {
  assert.equal(fileStart(opened(written(t, 'small'))).toString(), 'small');
  const large = opened(written(t, LARGE));
  assert.deepEqual(fileStart(large), LARGE.subarray(0, 256));
  closePlainFile(large);
});

test('a large file is streamed, and closed at the end', async (t) => {
  const file = opened(written(t, LARGE));
  assert.deepEqual(await collect(streamPlainFile(descriptorOf(file), { from: 0, to: file.size })), LARGE);
  while (isOpen(descriptorOf(file))) await new Promise(setImmediate);
});

test('a stream that is given up closes the file', async (t) => {
  const file = opened(written(t, LARGE));
  const stream = streamPlainFile(descriptorOf(file), { from: 0, to: file.size });
  stream.once('data', () => stream.destroy());
  while (isOpen(descriptorOf(file))) await new Promise(setImmediate);
});

test('a file that has become shorter is an error of the stream, never its clean end', async (t) => {
  const path = written(t, LARGE);
  for (const length of [0, 100_000, LARGE.length - 1]) {
    writeFileSync(path, LARGE);
    const file = opened(path);
    truncateSync(path, length);
    await assert.rejects(
      collect(streamPlainFile(descriptorOf(file), { from: 0, to: file.size })),
      new RegExp(`ended after ${length} of ${LARGE.length} bytes`),
    );
    while (isOpen(descriptorOf(file))) await new Promise(setImmediate);
  }
});

test('a file that has grown is sent as long as was announced', async (t) => {
  const path = written(t, LARGE);
  const file = opened(path);
  writeFileSync(path, Buffer.concat([LARGE, LARGE]));
  assert.equal(
    (await collect(streamPlainFile(descriptorOf(file), { from: 0, to: file.size }))).length,
    LARGE.length,
  );
});

test('dates of reproducible images say nothing', (t) => {
  const path = written(t, 'x');
  for (const [seconds, isHonest] of [
    [0, false],
    [1, false],
    [315_532_800, false],
    [1_700_000_000, true],
  ] as const) {
    utimesSync(path, seconds, seconds);
    const { modified } = opened(path);
    assert.equal(honestDate(modified), isHonest ? seconds * 1000 : undefined);
  }
});
