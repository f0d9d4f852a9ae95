/** Mutated streams: whatever is in them, reading ends, and fails with nothing but a TreeportError. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { TreeportError } from '../../src/base/errors.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { BLOCK_BYTES } from '../../src/tar/header.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { oldTarStream } from '../support/old-tar-streams.ts';
import { writeOstreeFixture } from '../support/ostree-fixture.ts';
import { goldenTar, inPieces, readAll } from '../support/tar-streams.ts';

const ROUNDS = 400;
const SEED = 20261120;
const FIELD_BYTES = '0123456789\0 -xLKg\x80\xff';

/** Numbers below a bound, the same on every run. */
class Random {
  #state = SEED;

  below(bound: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * bound);
  }
}

/** Changes a stream in up to four places; half of the time header checksums are made right again. */
function mutate(tar: Buffer, random: Random): Buffer {
  let bytes: Buffer = Buffer.from(tar);
  for (let changes = 1 + random.below(4); changes > 0; changes--) bytes = change(bytes, random);
  if (random.below(2) === 0) resumHeaders(bytes);
  return bytes;
}

function change(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length);
  const block = at - (at % BLOCK_BYTES);
  switch (random.below(6)) {
    case 0:
      return fillByte(bytes, at, 1, random.below(256));
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return Buffer.concat([bytes.subarray(0, block), bytes.subarray(block + BLOCK_BYTES)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, block), bytes.subarray(random.below(block + 1))]);
    case 4:
      // A number, size or type field of some header.
      return fillByte(
        bytes,
        block + 100 + random.below(57),
        1,
        FIELD_BYTES.charCodeAt(random.below(FIELD_BYTES.length)),
      );
    default:
      return fillByte(bytes, at, random.below(600), random.below(256));
  }
}

function fillByte(bytes: Buffer, at: number, count: number, value: number): Buffer {
  return bytes.fill(value, Math.min(at, bytes.length), Math.min(at + count, bytes.length));
}

function resumHeaders(bytes: Buffer): void {
  for (let at = 0; at + BLOCK_BYTES <= bytes.length; at += BLOCK_BYTES) {
    if (bytes.toString('latin1', at + 257, at + 262) !== 'ustar') continue;
    bytes.fill(' ', at + 148, at + 156, 'latin1');
    const sum = bytes.subarray(at, at + BLOCK_BYTES).reduce((total, byte) => total + byte, 0);
    bytes.write(`${sum.toString(8).padStart(7, '0')}\0`, at + 148, 'latin1');
  }
}

/** The golden stream without the 268 directories, so that mutations hit objects. */
async function shortGolden(): Promise<Buffer> {
  const tar = await goldenTar('fixture-whole-commit-simplemeta');
  return tar.subarray(269 * BLOCK_BYTES);
}

async function fuzz(tar: Buffer): Promise<Readonly<Record<string, number>>> {
  const random = new Random();
  const outcomes: Record<string, number> = {};
  for (let round = 0; round < ROUNDS; round++) {
    const mutant = mutate(tar, random);
    const outcome = await readAll(inPieces(mutant, 1 + random.below(5000))).then(
      () => 'read',
      (error: unknown) => {
        assert.ok(error instanceof TreeportError, `round ${round}: ${String(error)}`);
        return error.code;
      },
    );
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return outcomes;
}

function assertVaried(outcomes: Readonly<Record<string, number>>): void {
  for (const outcome of ['ERR_TAR', 'ERR_TAR_OBJECT', 'ERR_OBJECT_CORRUPT']) {
    assert.ok((outcomes[outcome] ?? 0) > 5, `mutations lead to ${outcome}: ${JSON.stringify(outcomes)}`);
  }
}

test('mutated streams of today', { timeout: 120_000 }, async () => {
  assertVaried(await fuzz(await shortGolden()));
});

for (const generation of ['v0', 'linked'] as const) {
  test(`mutated streams of the generation "${generation}"`, { timeout: 120_000 }, async (t) => {
    const { path, commit } = await writeOstreeFixture(await tempDir(t));
    const { objects } = await openRepository(path);
    assertVaried(await fuzz(await oldTarStream(objects, commit, generation)));
  });
}
