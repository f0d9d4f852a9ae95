import assert from 'node:assert/strict';
import test from 'node:test';
import type { StagedRepo } from '../../../src/native/ostree/staging.ts';
import type { WriteAnswer, WriteRequest, WriteThread } from '../../../src/native/ostree/write-threads.ts';
import { WRITE_BLOCK_BYTES, Writers } from '../../../src/native/ostree/writers.ts';
import { type Checksum, parseChecksum } from '../../../src/ostree/checksum.ts';

const REPO: StagedRepo = {
  pointer: 1n,
  staging: {
    repo: '/repo',
    mode: 'archive',
    directory: '/repo/tmp/staging',
    syncs: true,
    syncsEach: false,
    level: 6,
  },
};

type Requested<Kind> = Extract<WriteRequest, { readonly kind: Kind }>;

/** A thread that records requests, and answers them at once or on answer(). */
class FakeThread {
  readonly requests: WriteRequest[] = [];
  readonly #waiting: PromiseWithResolvers<WriteAnswer>[] = [];
  readonly #answersAtOnce: boolean;

  constructor(answersAtOnce = true) {
    this.#answersAtOnce = answersAtOnce;
  }

  get load(): number {
    return this.#waiting.length;
  }

  call(request: WriteRequest): Promise<WriteAnswer> {
    this.requests.push(copyOf(request));
    if (this.#answersAtOnce) return Promise.resolve(undefined);
    const answer = Promise.withResolvers<WriteAnswer>();
    this.#waiting.push(answer);
    return answer.promise;
  }

  /** Answers the oldest request. */
  answer(error?: Error): void {
    const waiting = this.#waiting.shift();
    if (error === undefined) waiting?.resolve(undefined);
    else waiting?.reject(error);
  }

  of<Kind extends WriteRequest['kind']>(kind: Kind): readonly Requested<Kind>[] {
    return this.requests.filter((request): request is Requested<Kind> => request.kind === kind);
  }
}

/** Copies the memory, which is reused. */
function copyOf(request: WriteRequest): WriteRequest {
  if (request.kind === 'objects') return { ...request, memory: Uint8Array.from(request.memory) };
  if (request.kind === 'piece') return { ...request, bytes: Uint8Array.from(request.bytes) };
  return request;
}

function writersOn(...threads: readonly FakeThread[]): Writers {
  return new Writers(REPO, threads as unknown as readonly WriteThread[]);
}

function id(number: number): Checksum {
  return parseChecksum(number.toString(16).padStart(64, '0'));
}

function give(writers: Writers, number: number, bytes: Buffer): Promise<string> {
  return writers.add('file', id(number), bytes.length, (memory) => memory.set(bytes));
}

/** The objects of a request: id and bytes. */
function objectsIn({ memory, objects }: Requested<'objects'>): ReadonlyMap<string, string> {
  return new Map(
    objects.map(({ checksum, start, length }) => [
      checksum,
      Buffer.from(memory.subarray(start, start + length)).toString(),
    ]),
  );
}

/** Resolves when all work waits for answers of threads. */
async function untilIdle(): Promise<void> {
  for (let round = 0; round < 20; round += 1) await new Promise(setImmediate);
}

async function* pieces(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

test('small objects travel in batches of 64, each with its bytes', async () => {
  const thread = new FakeThread();
  const writers = writersOn(thread);
  for (let number = 0; number < 130; number += 1) await give(writers, number, Buffer.from(`file ${number}`));
  await writers.settle();
  const batches = thread.of('objects').map(objectsIn);
  assert.deepEqual(
    batches.map(({ size }) => size),
    [64, 64, 2],
  );
  for (let number = 0; number < 130; number += 1)
    assert.equal(batches[Math.floor(number / 64)]?.get(id(number)), `file ${number}`);
  assert.ok(thread.of('objects').every(({ repo }) => repo.pointer === REPO.pointer));
});

test('a batch is full at 1 MiB', async () => {
  const thread = new FakeThread();
  const writers = writersOn(thread);
  for (let number = 0; number < 8; number += 1) await give(writers, number, Buffer.alloc(300 * 1024));
  await writers.settle();
  assert.deepEqual(
    thread.of('objects').map(({ objects }) => objects.length),
    [4, 4],
  );
});

test('an object is pending until it is written', async () => {
  const thread = new FakeThread(false);
  const writers = writersOn(thread);
  await give(writers, 1, Buffer.from('x'));
  assert.ok(writers.isPending({ type: 'file', checksum: id(1) }));
  assert.ok(!writers.isPending({ type: 'dirmeta', checksum: id(1) }));
  const settled = writers.settle();
  await untilIdle();
  assert.ok(writers.isPending({ type: 'file', checksum: id(1) }));
  thread.answer();
  await settled;
  assert.ok(!writers.isPending({ type: 'file', checksum: id(1) }));
});

test('every call after the first error throws it', async () => {
  const thread = new FakeThread(false);
  const writers = writersOn(thread);
  for (let number = 0; number < 128; number += 1) await give(writers, number, Buffer.from('x'));
  const settled = writers.settle();
  await untilIdle();
  thread.answer(new Error('the first'));
  thread.answer(new Error('the second'));
  await assert.rejects(settled, /the first/);
  assert.throws(() => writers.check(), /the first/);
  await assert.rejects(writers.settle(), /the first/);
  await assert.rejects(give(writers, 200, Buffer.from('x')), /the first/);
});

test('an object whose source fails is not sent, but the rest of its batch is', async () => {
  const thread = new FakeThread();
  const writers = writersOn(thread);
  await give(writers, 1, Buffer.from('one'));
  const failing = writers.add('file', id(2), 10, () => Promise.reject(new Error('no source')));
  await assert.rejects(failing, /no source/);
  assert.ok(!writers.isPending({ type: 'file', checksum: id(2) }));
  await give(writers, 3, Buffer.from('three'));
  await writers.settle();
  const sent = thread.of('objects').flatMap((request) => [...objectsIn(request)]);
  assert.deepEqual(sent, [
    [id(1), 'one'],
    [id(3), 'three'],
  ]);
});

test('add() waits while the threads use all memory', async () => {
  const thread = new FakeThread(false);
  const writers = writersOn(thread);
  const given: number[] = [];
  const all = (async () => {
    for (let number = 0; number < 10; number += 1) {
      await give(writers, number, Buffer.alloc(WRITE_BLOCK_BYTES));
      given.push(number);
    }
    await writers.settle();
  })();
  await untilIdle();
  // One block per thread, and two more.
  assert.equal(given.length, 3);
  thread.answer();
  await untilIdle();
  assert.equal(given.length, 4);
  for (let number = 0; number < 9; number += 1) {
    thread.answer();
    await untilIdle();
  }
  await all;
  assert.equal(given.length, 10);
});

test('metadata larger than a block has memory of its own', async () => {
  const thread = new FakeThread();
  const writers = writersOn(thread);
  const bytes = Buffer.alloc(WRITE_BLOCK_BYTES + 1, 'm');
  await writers.add('dirtree', id(1), bytes.length, (memory) => memory.set(bytes));
  await writers.settle();
  const [request] = thread.of('objects');
  assert.equal(request?.memory.length, bytes.length);
  assert.ok(Buffer.from(request?.memory as Uint8Array).equals(bytes));
});

test('work goes to the thread with the least load', async () => {
  const threads = [new FakeThread(false), new FakeThread(false)] as const;
  const writers = writersOn(...threads);
  for (let count = 0; count < 4; count += 1) void writers.run({ kind: 'sweep', names: [] });
  assert.deepEqual(
    threads.map(({ load }) => load),
    [2, 2],
  );
  threads[1].answer();
  await untilIdle();
  void writers.run({ kind: 'sweep', names: [] });
  assert.deepEqual(
    threads.map(({ load }) => load),
    [2, 2],
  );
});

test('a large file goes to one thread in pieces, in order, and is finished with its id', async () => {
  const threads = [new FakeThread(), new FakeThread()] as const;
  const writers = writersOn(...threads);
  const parts = ['a', 'b', 'c'].map((letter) => Buffer.alloc(WRITE_BLOCK_BYTES - 1, letter));
  await writers.addLarge(id(1), pieces(...parts));
  const [used, unused] = threads[0].requests.length > 0 ? threads : [threads[1], threads[0]];
  assert.deepEqual(unused.requests, []);
  assert.deepEqual(
    used.requests.map(({ kind }) => kind),
    ['piece', 'piece', 'piece', 'finish'],
  );
  const bytes = Buffer.concat(used.of('piece').map((piece) => piece.bytes));
  assert.ok(bytes.equals(Buffer.concat(parts)));
  assert.deepEqual(
    used.of('finish').map(({ checksum }) => checksum),
    [id(1)],
  );
  assert.equal(new Set([...used.of('piece'), ...used.of('finish')].map(({ file }) => file)).size, 1);
  assert.ok(used.of('piece').every(({ directory }) => directory === '/repo/tmp'));
});

test('a large file whose source fails is dropped', async () => {
  const thread = new FakeThread();
  const writers = writersOn(thread);
  const failing = async function* () {
    yield Buffer.alloc(WRITE_BLOCK_BYTES);
    throw new Error('no source');
  };
  await assert.rejects(writers.addLarge(id(1), failing()), /no source/);
  assert.deepEqual([thread.of('finish').length, thread.of('drop').length], [0, 1]);
  writers.check();
});

test('reading a large file stops when a piece cannot be written', async () => {
  const thread = new FakeThread(false);
  const writers = writersOn(thread);
  const read = { blocks: 0 };
  const endless = async function* () {
    for (;;) {
      read.blocks += 1;
      yield Buffer.alloc(WRITE_BLOCK_BYTES);
    }
  };
  const added = writers.addLarge(id(1), endless());
  await untilIdle();
  thread.answer(new Error('no space'));
  await untilIdle();
  for (let count = 0; count < 5; count += 1) thread.answer();
  await assert.rejects(added, /no space/);
  assert.ok(read.blocks < 7, `${read.blocks} blocks were read`);
  assert.deepEqual([thread.of('finish').length, thread.of('drop').length], [0, 1]);
});

test('large files of several transactions are never mixed up on a thread', async () => {
  const thread = new FakeThread();
  for (const writers of [writersOn(thread), writersOn(thread)])
    await writers.addLarge(id(1), pieces(Buffer.alloc(WRITE_BLOCK_BYTES + 1)));
  const files = thread.of('finish').map(({ file }) => file);
  assert.equal(new Set(files).size, 2);
});

test('stop() waits until the threads are idle, and later objects are rejected', async () => {
  const thread = new FakeThread(false);
  const writers = writersOn(thread);
  await give(writers, 1, Buffer.from('x'));
  const order: string[] = [];
  const stopped = writers.stop().then(() => order.push('stopped'));
  await untilIdle();
  order.push('answered');
  thread.answer();
  await stopped;
  assert.deepEqual(order, ['answered', 'stopped']);
  await assert.rejects(give(writers, 2, Buffer.from('x')), /was aborted/);
  const large = writers.addLarge(id(3), pieces(Buffer.alloc(WRITE_BLOCK_BYTES)));
  await untilIdle();
  // The piece, then the drop.
  thread.answer();
  thread.answer();
  await assert.rejects(large, /was aborted/);
  assert.deepEqual([thread.of('finish').length, thread.of('drop').length], [0, 1]);
});
