import assert from 'node:assert/strict';
import test from 'node:test';
import { runsOf } from '../../../../src/delta/static/build/content-runs.ts';
import { decodeXz } from '../../../../src/delta/xz/decode.ts';
import { compressedBlock, mixedBlock } from '../../../../src/delta/xz/liblzma-block.ts';
import { XZ_PRESETS } from '../../../../src/delta/xz/presets.ts';
import { xzStream } from '../../../../src/delta/xz/stream.ts';
import { Random } from '../../../gvariant/random.ts';

const PIECE = 16 * 1024;
const [LZMA2 = assert.fail()] = XZ_PRESETS.slice(8);

/** Noise with text in it, `size` bytes at each place. */
function noiseWithText(length: number, size: number, ...places: readonly number[]): Buffer {
  const random = new Random(7);
  const bytes = Buffer.from(Uint8Array.from({ length }, () => random.next()));
  for (const place of places) bytes.fill('some text ', place, place + size);
  return bytes;
}

function mixed(content: Buffer): Buffer {
  const scratch = new Uint8Array(content.length);
  return Buffer.concat(xzStream([mixedBlock(content, runsOf(content), LZMA2, scratch)]));
}

test('pieces that shrink are told from others', () => {
  const content = noiseWithText(20 * PIECE + 5, 2 * PIECE, 0, 7 * PIECE, 17 * PIECE);
  assert.deepEqual(
    runsOf(content).map(({ bytes, isCompressed }) => [bytes.length, isCompressed]),
    [
      [2 * PIECE, true],
      [5 * PIECE, false],
      [2 * PIECE, true],
      [8 * PIECE, false],
      [2 * PIECE, true],
      [PIECE, false],
      [5, true],
    ],
  );
  assert.ok(Buffer.concat(runsOf(content).map(({ bytes }) => bytes)).equals(content));
});

const CASES: ReadonlyMap<string, Buffer> = new Map([
  ['no byte', Buffer.alloc(0)],
  ['one byte', Buffer.from('a')],
  ['noise', noiseWithText(200_001, 0)],
  ['text', noiseWithText(100_000, 100_000, 0)],
  ['text first', noiseWithText(200_000, 50_000, 0)],
  ['text last', noiseWithText(200_000, 50_000, 150_000)],
  ['text in many places', noiseWithText(1_000_000, 30_000, 100_000, 400_000, 700_000)],
  ['stored runs of one chunk', noiseWithText(8 * 65_536, 65_536, 65_536, 3 * 65_536, 5 * 65_536)],
]);

for (const [name, content] of CASES) {
  test(`${name}: stored and compressed runs decode to the content`, () => {
    const stream = mixed(content);
    const { bytes } = decodeXz('the stream', stream, { memoryLimit: 2 ** 27, maxBytes: 2 ** 21 });
    assert.ok(Buffer.from(bytes).equals(content));
    if (content.length === 0) return;
    const whole = compressedBlock(content, { lzma2: LZMA2, x86: false }, Buffer.alloc(content.length));
    const size = Buffer.concat(xzStream([whole])).length;
    assert.ok(stream.length <= size * 1.01 + 200, `${stream.length} instead of ${size}`);
  });
}
