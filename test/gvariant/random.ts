/** Random GVariant types, values and mutations from a seed, the same on every machine. */
import { parseType, type Value, type VariantType } from '../../src/gvariant/index.ts';

/** The generator "mulberry32". */
export class Random {
  state: number;

  constructor(seed: number) {
    this.state = seed;
  }

  /** 0 … 2^32−1 */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  below(limit: number): number {
    return this.next() % limit;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** Zeros and small numbers are frequent, as in real variants. */
  bytes(size: number): Buffer {
    return Buffer.from(
      Array.from({ length: size }, () => this.pick([0, this.below(8), this.below(64), this.below(256)])),
    );
  }

  list<T>(limit: number, make: () => T): T[] {
    return Array.from({ length: this.below(limit) }, make);
  }
}

const BASIC = [...'ybnqiuhxtdsog'];

export function randomType(random: Random, depth: number): string {
  if (depth === 0) return random.pick(BASIC);
  switch (random.below(7)) {
    case 0:
      return `a${randomType(random, depth - 1)}`;
    case 1:
      return `m${randomType(random, depth - 1)}`;
    case 2:
      return `a{${random.pick(BASIC)}${randomType(random, depth - 1)}}`;
    case 3:
      return 'v';
    case 4:
      return 'ay';
    case 5:
      return `(${random.list(5, () => randomType(random, depth - 1)).join('')})`;
    default:
      return random.pick(BASIC);
  }
}

export function randomValue(random: Random, signature: string, depth: number): Value {
  return randomOf(random, parseType(signature), depth);
}

function randomOf(random: Random, type: VariantType, depth: number): Value {
  const [element] = type.children;
  switch (type.kind) {
    case 'basic':
      return basic(random, type.signature);
    case 'variant': {
      const inner = randomType(random, Math.max(0, depth - 1));
      return { type: inner, value: randomOf(random, parseType(inner), Math.max(0, depth - 1)) };
    }
    case 'maybe':
      return random.list(2, () => randomOf(random, element as VariantType, depth));
    case 'array':
      if (type.signature === 'ay') return random.bytes(random.below(20));
      return random.list(random.below(40) === 0 ? 300 : 6, () =>
        randomOf(random, element as VariantType, depth),
      );
    case 'tuple':
    case 'entry':
      return type.children.map((child) => randomOf(random, child, depth));
  }
}

const RANGES: Readonly<Record<string, readonly [bits: number, signed: boolean]>> = {
  y: [8, false],
  n: [16, true],
  q: [16, false],
  i: [32, true],
  h: [32, true],
  u: [32, false],
  x: [64, true],
  t: [64, false],
};

function basic(random: Random, signature: string): Value {
  const range = RANGES[signature];
  if (range !== undefined) {
    const [bits, signed] = range;
    const wide = (BigInt(random.next()) << 32n) | BigInt(random.next());
    const value = signed ? BigInt.asIntN(bits, wide) : BigInt.asUintN(bits, wide);
    return bits === 64 ? value : Number(value);
  }
  switch (signature) {
    case 'b':
      return random.below(2) === 1;
    case 'd':
      return random.pick([0, 1.5, -1e300, Number.NaN, Number.POSITIVE_INFINITY, random.next() / 7]);
    case 'o':
      return random.pick(['/', '/a', '/org/example/X_1']);
    case 'g':
      return random.pick(['', 'a{sv}', '(say)ay']);
    default:
      return random.list(12, () => random.pick(['a', 'b/', 'ä', '😀', "'", '\n', ' '])).join('');
  }
}

/** A copy with some bytes changed, added, removed or copied. */
export function mutate(random: Random, bytes: Buffer): Buffer {
  let result = Buffer.from(bytes);
  for (let times = 1 + random.below(2); times > 0; times--) {
    const at = random.below(result.length + 1);
    switch (random.below(5)) {
      case 0:
        result = Buffer.concat([result.subarray(0, at), random.bytes(1), result.subarray(at)]);
        break;
      case 1:
        result = Buffer.concat([result.subarray(0, at), result.subarray(at + 1)]);
        break;
      case 2:
        result = Buffer.concat([result, random.bytes(1)]);
        break;
      default:
        if (at < result.length)
          result[at] = random.pick([0, 1, 0xff, result.length & 0xff, random.below(256)]);
    }
  }
  return result;
}
