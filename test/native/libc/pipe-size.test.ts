import assert from 'node:assert/strict';
import { closeSync, constants, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { widenPipe } from '../../../src/native/libc/pipe-size.ts';
import { must } from '../../e2e/support/run.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { unlessInstalled } from '../../support/programs.ts';

test('a pipe takes more bytes at once, and its content stays', {
  skip: unlessInstalled('mkfifo'),
}, async (t) => {
  const path = join(await tempDir(t), 'fifo');
  await must(['mkfifo', path]);
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  t.after(() => closeSync(descriptor));
  const piece = Buffer.alloc(512 * 1024);
  const before = writeSync(descriptor, piece);
  assert.ok(before < piece.length);
  widenPipe(descriptor);
  assert.ok(writeSync(descriptor, piece) > before);
});

test('other files and closed descriptors are ignored', async (t) => {
  const path = join(await tempDir(t), 'file');
  writeFileSync(path, 'bytes');
  const descriptor = openSync(path, 'r');
  widenPipe(descriptor);
  closeSync(descriptor);
  widenPipe(12345);
});
