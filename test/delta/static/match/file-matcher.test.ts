import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { applyPatch } from '../../../../src/delta/static/match/apply-patch.ts';
import {
  FileMatcher,
  type MatchedFile,
  type MatchOptions,
} from '../../../../src/delta/static/match/file-matcher.ts';
import { Random } from '../../../gvariant/random.ts';

const OPTIONS = { mayPatch: true, content: 'other' } as const;
const COPIES_ONLY = { ...OPTIONS, mayPatch: false };
const INCOMPRESSIBLE = { ...OPTIONS, content: 'incompressible' } as const;
const RELOCATABLE = { ...OPTIONS, content: 'relocatable' } as const;
const matcher = new FileMatcher();

/** Bytes without repetitions. */
function noise(seed: string, size: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(size / 32) }, (_, index) =>
    createHash('sha256').update(`${seed} ${index}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, size);
}

/** Words that change everywhere by the same amount, as addresses in machine code do. */
function code(shift: number): Buffer {
  const bytes = noise('code', 40_000);
  for (let at = 0; at + 4 <= bytes.length; at += 16) bytes.writeInt32LE((at >> 4) * 64 + shift, at);
  return bytes;
}

function patchOf(matched: MatchedFile): Buffer {
  assert.equal(matched.kind, 'patch');
  const target = Buffer.alloc(matched.maxSize);
  return target.subarray(0, matched.write(target));
}

function made(matched: MatchedFile, old: Uint8Array, fresh: Uint8Array): Buffer {
  if (matched.kind === 'whole') return Buffer.from(fresh);
  if (matched.kind === 'patch') {
    const target = Buffer.alloc(fresh.length, 0xee);
    applyPatch(old, patchOf(matched), target);
    return target;
  }
  return Buffer.concat(
    matched.steps.map((step) =>
      step.kind === 'insert' ? step.bytes : old.subarray(step.offset, step.offset + step.length),
    ),
  );
}

function assertMade(old: Uint8Array, fresh: Uint8Array, what: string): void {
  for (const options of [OPTIONS, COPIES_ONLY, INCOMPRESSIBLE, RELOCATABLE]) {
    const result = made(matcher.match(old, fresh, options), old, fresh);
    assert.ok(result.equals(fresh), `${what}, ${JSON.stringify(options)}`);
  }
}

function kindOf(old: Uint8Array, fresh: Uint8Array, options: MatchOptions = OPTIONS): string {
  return matcher.match(old, fresh, options).kind;
}

/** A file made of another by cutting, moving, repeating, inserting and flipping. */
function edited(bytes: Buffer, random: Random): Buffer {
  let result = bytes;
  for (let edits = random.below(12); edits > 0; edits--) {
    const at = random.below(result.length + 1);
    const size = random.below(random.pick([4, 40, 4000]));
    const piece = bytes.subarray(random.below(bytes.length + 1)).subarray(0, size);
    const inserted = random.pick([piece, random.bytes(size), Buffer.alloc(size), Buffer.alloc(0)]);
    const dropped = random.pick([0, size]);
    result = Buffer.concat([result.subarray(0, at), inserted, result.subarray(at + dropped)]);
  }
  return result;
}

test('random edits are made again', () => {
  const random = new Random(5);
  const sources = [noise('a', 9000), random.bytes(9000), Buffer.alloc(5000), code(0), noise('b', 7)];
  for (let round = 0; round < 400; round++) {
    const source = random.pick(sources);
    const [old, fresh] = [edited(source, random), edited(source, random)];
    assertMade(old, fresh, `round ${round}`);
  }
});

test('empty and tiny files are made', () => {
  const files = [0, 1, 3, 11, 12, 13, 15, 16, 17].map((size) => noise('tiny', size));
  for (const old of files) for (const fresh of files) assertMade(old, fresh, `${old.length} ${fresh.length}`);
});

test('views that begin anywhere in memory are matched', () => {
  const memory = noise('memory', 5000);
  for (let start = 0; start < 8; start++) {
    assertMade(memory.subarray(start, 4000), memory.subarray(start + 3, 4500), `${start}`);
  }
});

test('machine code whose addresses moved becomes a patch of mostly zeros', () => {
  const patch = patchOf(matcher.match(code(0), code(0x1234), OPTIONS));
  const changed = patch.filter((byte) => byte !== 0).length;
  assert.ok(changed < 3 * 2500, `${changed} bytes`);
  assert.equal(patch.length, 40_000 + 24);
});

test('moved content is found wherever it is', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => noise(name, 20_000)) as [Buffer, Buffer, Buffer];
  const matched = matcher.match(Buffer.concat([a, b, c]), Buffer.concat([c, a, b]), COPIES_ONLY);
  assert.deepEqual(matched, {
    kind: 'copy',
    steps: [
      { kind: 'copy', offset: 40_000, length: 20_000 },
      { kind: 'copy', offset: 0, length: 40_000 },
    ],
  });
});

test('the same content is one copy', () => {
  const bytes = noise('same', 10_000);
  assert.deepEqual(matcher.match(bytes, Buffer.from(bytes), OPTIONS), {
    kind: 'copy',
    steps: [{ kind: 'copy', offset: 0, length: 10_000 }],
  });
});

test('sparse edits are copies, many changes a patch', () => {
  const old = noise('sparse', 100_000);
  const sparse = Buffer.from(old);
  sparse.write('a longer text in a place', 50_000);
  assert.equal(kindOf(old, sparse), 'copy');
  assert.equal(kindOf(code(0), code(1)), 'patch');
  assert.equal(kindOf(code(0), code(1), COPIES_ONLY), 'copy');
});

test('a file with little in common is left whole', () => {
  const old = noise('old', 100_000);
  const fresh = (share: number) =>
    Buffer.concat([old.subarray(0, share * 100_000), noise('new', 100_000 - share * 100_000)]);
  assert.equal(kindOf(old, fresh(0.05)), 'whole');
  assert.equal(kindOf(old, fresh(0.2)), 'copy');
});

test('an incompressible file is never a patch, and copies little', () => {
  const old = noise('packed', 100_000);
  const fresh = (share: number) =>
    Buffer.concat([old.subarray(0, share * 100_000), noise('new', 100_000 - share * 100_000)]);
  assert.equal(kindOf(old, fresh(0.005), INCOMPRESSIBLE), 'whole');
  assert.equal(kindOf(old, fresh(0.05), INCOMPRESSIBLE), 'copy');
  assert.equal(kindOf(code(0), code(1), INCOMPRESSIBLE), 'copy');
});

/** Inputs on which matchers are quadratic: matches everywhere, which nothing decides between. */
const MEGABYTES = 3_000_000;
const HOSTILE = new Map<string, readonly [Buffer, Buffer]>([
  ['zeros', [Buffer.alloc(MEGABYTES), Buffer.alloc(MEGABYTES + 1)]],
  ['zeros and a byte now and then', [dotted(MEGABYTES, 1000), dotted(MEGABYTES, 1001)]],
  ['dots close together', [dotted(MEGABYTES, 13), dotted(MEGABYTES, 14)]],
  ['a short period', [Buffer.alloc(MEGABYTES, 'abc'), Buffer.alloc(MEGABYTES, 'bcab')]],
  ['periods that differ', [periodic(1009), periodic(1013)]],
  ['a period with a flaw in each', [flawed(periodic(64), 200), flawed(periodic(64), 177)]],
  ['half of it equal on every diagonal', [halves(3), halves(7)]],
]);

function dotted(size: number, distance: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += distance) bytes[at] = 1;
  return bytes;
}

function periodic(period: number): Buffer {
  return Buffer.alloc(MEGABYTES, noise('period', period));
}

function flawed(bytes: Buffer, distance: number): Buffer {
  for (let at = 0; at < bytes.length; at += distance) bytes[at] = at & 0xff;
  return bytes;
}

function halves(seed: number): Buffer {
  const random = new Random(seed);
  const bytes = Buffer.alloc(MEGABYTES);
  for (let at = 0; at < bytes.length; at += 14) bytes.fill(random.below(3), at, at + 1);
  return bytes;
}

for (const [name, [old, fresh]] of HOSTILE) {
  test(`hostile input takes linear time: ${name}`, () => {
    assertMade(old, fresh, name);
    assertMade(fresh, old, name);
  });
}
