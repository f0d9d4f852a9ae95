import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { startWriteback } from '../../../src/native/libc/writeback.ts';
import { must } from '../../e2e/support/run.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { ROOT } from '../../support/project.ts';

test('a file that is missing, a link or a directory is no error', async (t) => {
  const folder = await tempDir(t);
  const file = join(folder, 'file');
  writeFileSync(file, 'bytes');
  symlinkSync('nowhere', join(folder, 'link'));
  mkdirSync(join(folder, 'directory'));
  for (const name of ['file', 'missing', 'link', 'directory']) startWriteback(join(folder, name));
  assert.equal(readFileSync(file, 'utf8'), 'bytes');
});

test('the whole file is started, and not waited for', { skip: unlessInstalled('strace') }, async (t) => {
  const folder = await tempDir(t);
  const file = join(folder, 'file');
  writeFileSync(file, 'bytes');
  const module = JSON.stringify(join(ROOT, 'src/native/libc/writeback.ts'));
  const script = `(await import(${module})).startWriteback(${JSON.stringify(file)})`;
  const trace = join(folder, 'trace');
  const traced = ['strace', '-f', '-y', '-e', 'trace=sync_file_range', '-o', trace];
  await must([...traced, process.execPath, '--input-type=module', '--eval', script]);
  const calls = readFileSync(trace, 'utf8').match(/sync_file_range\(.*/g) ?? [];
  assert.equal(calls.length, 1);
  assert.match(calls[0] as string, /\/file>, 0, 0, SYNC_FILE_RANGE_WRITE\) = 0$/);
});
