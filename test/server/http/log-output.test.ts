import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import test from 'node:test';
import { BoundedOutput, FileOutput } from '../../../src/server/http/log-output.ts';

/** A reader that takes a chunk when it is told to. */
class Reader {
  readonly chunks: string[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly stream = new Writable({
    decodeStrings: false,
    write: (chunk, _encoding, done) => {
      this.chunks.push(String(chunk));
      this.#waiting.push(done);
    },
  });

  get text(): string {
    return this.chunks.join('');
  }

  async take(): Promise<void> {
    this.#waiting.shift()?.();
    await new Promise(setImmediate);
  }
}

const LINE = `${'x'.repeat(99)}\n`;

test('lines are written together, by the size of what waits or when it is urged', () => {
  const reader = new Reader();
  const output = new BoundedOutput(reader.stream);
  for (let count = 0; count < 81; count++) output.write(LINE);
  assert.deepEqual(reader.chunks, []);
  output.write(LINE);
  assert.deepEqual(reader.chunks, [LINE.repeat(82)]);
  const another = new Reader();
  const urged = new BoundedOutput(another.stream);
  urged.write(LINE);
  urged.urge();
  assert.deepEqual(another.chunks, [LINE]);
});

test('while the reader stalls, lines beyond the limit are dropped and counted', async () => {
  const reader = new Reader();
  const output = new BoundedOutput(reader.stream, { maxBytes: 1000 });
  output.write('first\n');
  output.urge();
  for (let count = 0; count < 15; count++) output.write(LINE);
  for (let count = 0; count < 5; count++) output.write(LINE.repeat(3));
  assert.equal(reader.text, 'first\n');
  assert.ok(reader.stream.writableLength <= 1000, 'nothing piles up in the stream');
  await reader.take();
  await reader.take();
  await reader.take();
  const [, lines = '', notice = ''] = /^first\n((?:x+\n)*)(.*)\n$/s.exec(reader.text) ?? [];
  const kept = lines.length / LINE.length;
  assert.ok(kept <= 10);
  assert.match(JSON.parse(notice).msg, new RegExp(`^${30 - kept} lines of the log are missing`));
  assert.equal(JSON.parse(notice).level, 40);
});

test('flush calls back when everything is written', async () => {
  const reader = new Reader();
  const output = new BoundedOutput(reader.stream);
  output.write('one\n');
  output.urge();
  output.write('two\n');
  let flushed = 0;
  output.flush(() => {
    flushed += 1;
  });
  await reader.take();
  assert.equal(flushed, 0);
  await reader.take();
  assert.equal(flushed, 1);
  assert.equal(reader.text, 'one\ntwo\n');
  output.flush(() => {
    flushed += 1;
  });
  assert.equal(flushed, 2, 'at once where nothing waits');
});

test('flush does not wait for ever', async () => {
  const reader = new Reader();
  const output = new BoundedOutput(reader.stream, { flushMs: 5 });
  output.write('one\n');
  await new Promise<void>((resolve) => output.flush(resolve));
  assert.equal(reader.text, 'one\n');
});

test('a reader that has gone is no error', async () => {
  const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
  const output = new BoundedOutput(stream, { flushMs: 5 });
  output.write('one\n');
  await new Promise<void>((resolve) => output.flush(resolve));
  output.write('two\n');
  await new Promise<void>((resolve) => output.flush(resolve));
});

test('a file gets lines together, by their size, after a while, or when it is urged', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const chunks: string[] = [];
  const flushed: string[] = [];
  const output = new FileOutput({
    write: (lines) => void chunks.push(lines),
    flush(done) {
      flushed.push(...chunks);
      done();
    },
  });
  for (let count = 0; count < 81; count++) output.write(LINE);
  assert.deepEqual(chunks, []);
  output.write(LINE);
  assert.deepEqual(chunks.splice(0), [LINE.repeat(82)]);
  output.write(LINE);
  t.mock.timers.tick(199);
  assert.deepEqual(chunks, []);
  t.mock.timers.tick(1);
  assert.deepEqual(chunks.splice(0), [LINE]);
  output.urge();
  assert.deepEqual(chunks, []);
  output.write(LINE);
  output.flush(() => flushed.push('done'));
  assert.deepEqual(flushed, [LINE, 'done']);
  output.write('last\n');
  assert.equal(output.takeBuffered(), 'last\n');
  t.mock.timers.tick(1000);
  assert.deepEqual(chunks, [LINE]);
});
