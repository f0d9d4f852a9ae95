/**
 * GVariant type strings, parsed into a tree that carries what the serialized form needs: the
 * alignment, and the size if it is fixed. Source: GVariant specification 1.0, §2.5 and §3.2.
 */
import { TreeportError } from '../base/errors.ts';

export type VariantType = {
  /** The type string, e.g. `a{sv}`. */
  readonly signature: string;
  readonly kind: 'basic' | 'variant' | 'array' | 'maybe' | 'tuple';
  /** 1, 2, 4 or 8 bytes. */
  readonly alignment: number;
  /** Bytes of every value of this type, or null if it varies. */
  readonly fixedSize: number | null;
  /** Members of a tuple or dictionary entry; the one element type of an array or maybe. */
  readonly children: readonly VariantType[];
};

const BASIC_SIZES: Readonly<Record<string, number>> = { b: 1, y: 1, n: 2, q: 2, i: 4, u: 4, h: 4, x: 8, t: 8, d: 8 };
const STRING_TYPES = 'sog';
const MAX_DEPTH = 64;

const cache = new Map<string, VariantType>();

/** Parses one complete type string; throws ERR_VARIANT if it is not exactly one. */
export function parseType(signature: string): VariantType {
  const known = cache.get(signature);
  if (known !== undefined) return known;
  const scanner = new TypeScanner(signature);
  const type = scanner.next(0);
  if (scanner.position !== signature.length) throw scanner.fault('trailing characters');
  cache.set(signature, type);
  return type;
}

/** `offset` rounded up to a multiple of `alignment`. */
export function align(offset: number, alignment: number): number {
  const over = offset % alignment;
  return over === 0 ? offset : offset + alignment - over;
}

class TypeScanner {
  readonly signature: string;
  position = 0;

  constructor(signature: string) {
    this.signature = signature;
  }

  fault(what: string): TreeportError {
    return new TreeportError('ERR_VARIANT', `variant type "${this.signature}": ${what} at character ${this.position}`);
  }

  next(depth: number): VariantType {
    if (depth > MAX_DEPTH) throw this.fault('nested too deeply');
    const start = this.position;
    const char = this.signature[this.position];
    if (char === undefined) throw this.fault('ends too early');
    this.position += 1;
    const size = BASIC_SIZES[char];
    if (size !== undefined) return { signature: char, kind: 'basic', alignment: size, fixedSize: size, children: [] };
    if (STRING_TYPES.includes(char)) return { signature: char, kind: 'basic', alignment: 1, fixedSize: null, children: [] };
    if (char === 'v') return { signature: char, kind: 'variant', alignment: 8, fixedSize: null, children: [] };
    if (char === 'a' || char === 'm') {
      const element = this.next(depth + 1);
      const kind = char === 'a' ? 'array' : 'maybe';
      return { signature: this.since(start), kind, alignment: element.alignment, fixedSize: null, children: [element] };
    }
    if (char === '(') return this.tuple(start, ')', depth);
    if (char === '{') return this.tuple(start, '}', depth);
    this.position = start;
    throw this.fault(`unknown type "${char}"`);
  }

  private tuple(start: number, close: string, depth: number): VariantType {
    const children: VariantType[] = [];
    while (this.signature[this.position] !== close) children.push(this.next(depth + 1));
    this.position += 1;
    if (close === '}' && children.length !== 2) throw this.fault('a dictionary entry has two members');
    const alignment = Math.max(1, ...children.map((child) => child.alignment));
    return { signature: this.since(start), kind: 'tuple', alignment, fixedSize: fixedTupleSize(children, alignment), children };
  }

  private since(start: number): string {
    return this.signature.slice(start, this.position);
  }
}

function fixedTupleSize(children: readonly VariantType[], alignment: number): number | null {
  let size = 0;
  for (const child of children) {
    if (child.fixedSize === null) return null;
    size = align(size, child.alignment) + child.fixedSize;
  }
  // The unit tuple is one zero byte.
  return children.length === 0 ? 1 : align(size, alignment);
}
