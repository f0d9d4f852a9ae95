/**
 * Parses GVariant type strings into a tree that carries what (de)serialization needs: the alignment, and the
 * size if it is fixed. Source: GVariant specification 1.0, §2.5 and §3.2.
 */
import { TreeportError } from '../base/errors.ts';

export type VariantType = {
  /** The type string, e.g. `a{sv}`. */
  readonly signature: string;
  readonly kind: 'basic' | 'variant' | 'array' | 'maybe' | 'tuple' | 'entry';
  /** 1, 2, 4 or 8 bytes. */
  readonly alignment: number;
  /** Bytes of every value of this type, or null if it varies. */
  readonly fixedSize: number | null;
  /** Members of a tuple, key and value of a dictionary entry, the one element type of an array or maybe. */
  readonly children: readonly VariantType[];
  /** Framing offsets of a tuple or dictionary entry: one for each varying member but the last. */
  readonly offsetCount: number;
};

/** Maximum nesting of containers, in a type and in a value. GLib's limit. */
export const MAX_DEPTH = 128;
/** Maximum length of the type inside a variant. D-Bus's limit. */
export const MAX_TYPE_LENGTH = 255;

const BASIC_SIZES: Readonly<Record<string, number>> = {
  b: 1,
  y: 1,
  n: 2,
  q: 2,
  i: 4,
  u: 4,
  h: 4,
  x: 8,
  t: 8,
  d: 8,
};
const STRING_TYPES = 'sog';

/** Bounded, because type strings also come from untrusted variants. */
const CACHE_ENTRIES = 128;
const cache = new Map<string, VariantType>();

/** Parses one complete type string; throws ERR_VARIANT if it is not exactly one. */
export function parseType(signature: string): VariantType {
  const known = cache.get(signature);
  if (known !== undefined) return known;
  const scanner = new TypeScanner(signature);
  const type = scanner.next(0);
  if (scanner.position !== signature.length) throw scanner.fault('trailing characters');
  if (cache.size >= CACHE_ENTRIES) cache.clear();
  cache.set(signature, type);
  return type;
}

/** A type string as messages quote it: on one line and not too long. */
export function quoteType(signature: string): string {
  return JSON.stringify(signature.length > 100 ? `${signature.slice(0, 100)}…` : signature);
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
    const where = `${quoteType(this.signature)} at character ${this.position}`;
    return new TreeportError('ERR_VARIANT', `variant type ${where}: ${what}`);
  }

  next(depth: number): VariantType {
    if (depth > MAX_DEPTH) throw this.fault('nested too deeply');
    const start = this.position;
    const char = this.signature[start];
    if (char === undefined) throw this.fault('ends too early');
    this.position += 1;
    const size = BASIC_SIZES[char];
    if (size !== undefined) return leaf(char, 'basic', size, size);
    if (STRING_TYPES.includes(char)) return leaf(char, 'basic', 1, null);
    if (char === 'v') return leaf(char, 'variant', 8, null);
    if (char === 'a' || char === 'm') return this.wrapper(start, char === 'a' ? 'array' : 'maybe', depth);
    if (char === '(') return this.tuple(start, depth);
    if (char === '{') return this.entry(start, depth);
    this.position = start;
    throw this.fault('unknown type');
  }

  private wrapper(start: number, kind: 'array' | 'maybe', depth: number): VariantType {
    const element = this.next(depth + 1);
    const { alignment } = element;
    return {
      signature: this.since(start),
      kind,
      alignment,
      fixedSize: null,
      children: [element],
      offsetCount: 0,
    };
  }

  private tuple(start: number, depth: number): VariantType {
    const children: VariantType[] = [];
    while (this.signature[this.position] !== ')') children.push(this.next(depth + 1));
    this.position += 1;
    return structure(this.since(start), 'tuple', children);
  }

  private entry(start: number, depth: number): VariantType {
    const key = this.next(depth + 1);
    if (key.kind !== 'basic') throw this.fault('the key of a dictionary entry must be a basic type');
    const value = this.next(depth + 1);
    if (this.signature[this.position] !== '}') throw this.fault('a dictionary entry must have two members');
    this.position += 1;
    return structure(this.since(start), 'entry', [key, value]);
  }

  private since(start: number): string {
    return this.signature.slice(start, this.position);
  }
}

function leaf(
  signature: string,
  kind: 'basic' | 'variant',
  alignment: number,
  fixedSize: number | null,
): VariantType {
  return { signature, kind, alignment, fixedSize, children: [], offsetCount: 0 };
}

function structure(
  signature: string,
  kind: 'tuple' | 'entry',
  children: readonly VariantType[],
): VariantType {
  const alignment = children.reduce((widest, child) => Math.max(widest, child.alignment), 1);
  const offsetCount = children.slice(0, -1).filter((child) => child.fixedSize === null).length;
  return { signature, kind, alignment, fixedSize: fixedSizeOf(children, alignment), children, offsetCount };
}

function fixedSizeOf(children: readonly VariantType[], alignment: number): number | null {
  let size = 0;
  for (const child of children) {
    if (child.fixedSize === null) return null;
    size = align(size, child.alignment) + child.fixedSize;
  }
  // The unit tuple is one zero byte.
  return children.length === 0 ? 1 : align(size, alignment);
}
