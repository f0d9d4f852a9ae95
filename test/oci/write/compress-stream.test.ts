import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { compressStream } from '../../../src/oci/write/compress-stream.ts';
import { DEFAULT_COMPRESSION } from '../../../src/oci/write/compression.ts';
import { zlibFormat } from '../../../src/oci/write/gzip.ts';
import { CompressionThreads } from '../../../src/oci/write/threads.ts';
import { ROOT } from '../../support/project.ts';
import { mixedBytes, run, testFolder } from '../../support/small-image.ts';
import { inPieces } from '../../support/tar-streams.ts';
import { turns } from '../../support/turns.ts';

const BLOCK = zlibFormat.blockSize;
const compression = DEFAULT_COMPRESSION;

test('progress counts each block of the input once', async () => {
  const sizes: number[] = [];
  await compressStream(inPieces(mixedBytes(2 * BLOCK + 5)), {
    compression,
    write: async () => {},
    onProgress: (bytes) => sizes.push(bytes),
  });
  assert.deepEqual(sizes, [BLOCK, BLOCK, 5]);
});

test('a failing source fails the stream, when what was under way is done', async () => {
  const state = { writing: 0 };
  const write = async () => {
    state.writing += 1;
    await turns(5);
    state.writing -= 1;
  };
  const source = (async function* () {
    yield mixedBytes(3 * BLOCK);
    throw new Error('the source broke');
  })();
  await assert.rejects(compressStream(source, { compression, write }), /the source broke/);
  assert.equal(state.writing, 0);
});

test('a failing write stops the source and fails the stream', async () => {
  const state = { pieces: 0, closed: false };
  const source = (async function* () {
    try {
      for (;;) {
        state.pieces += 1;
        yield Buffer.alloc(BLOCK);
      }
    } finally {
      state.closed = true;
    }
  })();
  const write = async () => {
    throw new Error('the disk broke');
  };
  await assert.rejects(compressStream(source, { compression, write }), /the disk broke/);
  assert.ok(state.closed);
  assert.ok(state.pieces < 200, `${state.pieces} pieces were read`);
});

test('a write that fails while the source is slow fails the stream at its end', async () => {
  const failed = Promise.withResolvers<void>();
  const state = { writes: 0 };
  const write = async () => {
    state.writes += 1;
    if (state.writes < 3) return;
    failed.resolve();
    throw new Error('the disk broke');
  };
  const source = (async function* () {
    yield mixedBytes(2 * BLOCK + 1);
    await failed.promise;
    // Nobody waits for a block now: the failure must keep until somebody asks.
    await turns(20);
  })();
  await assert.rejects(compressStream(source, { compression, write }), /the disk broke/);
});

test('a slow write holds the source back', async () => {
  const threads = new CompressionThreads(2);
  const state = { read: 0, written: 0, furthest: 0 };
  const source = (async function* () {
    for (state.read = 0; state.read < 20; state.read += 1) yield Buffer.alloc(BLOCK);
  })();
  await compressStream(source, {
    compression,
    threads,
    write: async () => {
      await turns(5);
      state.written += 1;
      state.furthest = Math.max(state.furthest, state.read - state.written);
    },
  });
  assert.ok(state.furthest <= threads.count + 5, `${state.furthest} blocks ahead`);
});

test('streams side by side do not mix', async () => {
  const inputs = [1, 2, 3].map((n) => mixedBytes(BLOCK + n * 1000));
  const digests = async (input: Buffer) =>
    compressStream(inPieces(input), { compression, write: async () => {} });
  const together = await Promise.all(inputs.map(digests));
  for (const [i, input] of inputs.entries()) assert.deepEqual(await digests(input), together[i]);
});

test('one bound of memory holds for all streams: with none writing, they stop reading', async () => {
  const threads = new CompressionThreads(2);
  const disk = Promise.withResolvers<void>();
  const state = { read: 0 };
  const stream = () => {
    const source = (async function* () {
      for (let block = 0; block < 20; block += 1) {
        state.read += 1;
        yield Buffer.alloc(BLOCK);
      }
    })();
    return compressStream(source, { compression, threads, write: () => disk.promise });
  };
  const streams = [stream(), stream(), stream()];
  await turns(200);
  // A slot for each stream and for each block of the pool, which has one more than processors, and one that
  // is written; each stream has read one block that it cannot place.
  assert.ok(state.read <= 3 + 3 + 1 + 3, `${state.read} blocks were read`);
  disk.resolve();
  await Promise.all(streams);
  assert.equal(state.read, 60);
});

test('more streams than slots all end, whatever their compression', async () => {
  const threads = new CompressionThreads(1);
  const inputs = Array.from({ length: 12 }, (_, n) => mixedBytes(2 * BLOCK + n));
  const compressions = [compression, { algorithm: 'zstd', level: 1 }] as const;
  const sizes = await Promise.all(
    inputs.map(async (input, n) => {
      const options = { compression: compressions[n % 2] ?? compression, threads, write: async () => {} };
      return (await compressStream(inPieces(input), options)).uncompressed.size;
    }),
  );
  assert.deepEqual(
    sizes,
    inputs.map(({ length }) => length),
  );
});

test('a failed stream gives its memory back', async () => {
  const threads = new CompressionThreads(1);
  const failing = async () => {
    const source = (async function* () {
      yield mixedBytes(2 * BLOCK + 1);
      throw new Error('the source broke');
    })();
    await assert.rejects(compressStream(source, { compression, threads, write: async () => {} }), /broke/);
  };
  for (let turn = 0; turn < 10; turn += 1) await failing();
  const { uncompressed } = await compressStream(inPieces(mixedBytes(3 * BLOCK)), {
    compression,
    threads,
    write: async () => {},
  });
  assert.equal(uncompressed.size, 3 * BLOCK);
});

test('a signal stops a stream with its reason', async () => {
  const stop = new AbortController();
  const state = { closed: false };
  const source = (async function* () {
    try {
      for (let block = 0; ; block += 1) {
        if (block === 3) stop.abort(new Error('another layer broke'));
        yield Buffer.alloc(BLOCK);
      }
    } finally {
      state.closed = true;
    }
  })();
  const options = { compression, write: async () => {}, signal: stop.signal };
  await assert.rejects(compressStream(source, options), /another layer broke/);
  assert.ok(state.closed);
});

test('the process ends by itself, also if threads were never used', async (t) => {
  const script = join(await testFolder(t), 'script.mjs');
  await writeFile(
    script,
    `import { compressStream } from ${JSON.stringify(join(ROOT, 'src/oci/write/compress-stream.ts'))};
    import { CompressionThreads } from ${JSON.stringify(join(ROOT, 'src/oci/write/threads.ts'))};
    new CompressionThreads(2);
    const compression = { algorithm: 'gzip', level: 6 };
    const threads = new CompressionThreads(2);
    await compressStream([Buffer.from('x')], { compression, threads, write: async () => {} });
    console.log('done');`,
  );
  const { stdout } = await run(process.execPath, [script], { timeout: 60_000 });
  assert.equal(stdout, 'done\n');
});
