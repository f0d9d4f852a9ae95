/**
 * Prints values in GLib's text format for variants, as `g_variant_print` does with type annotations:
 * `'text'`, `uint64 7`, `[byte 0x01, 0x02]`, `b'bytes'`, `{'key': <'value'>}`.
 */
import { parseType, type VariantType } from './type.ts';
import type { Value, Variant } from './value.ts';

const PREFIX: Readonly<Record<string, string>> = {
  y: 'byte ',
  n: 'int16 ',
  q: 'uint16 ',
  u: 'uint32 ',
  h: 'handle ',
  x: 'int64 ',
  t: 'uint64 ',
  o: 'objectpath ',
  g: 'signature ',
};

/** The text of a value, with type annotations where a parser could not infer the type. */
export function print(signature: string, value: Value): string {
  return text(parseType(signature), value, true);
}

function text(type: VariantType, value: Value, annotate: boolean): string {
  switch (type.kind) {
    case 'basic':
      return (annotate ? (PREFIX[type.signature] ?? '') : '') + basic(type, value);
    case 'variant': {
      const inner = value as Variant;
      return `<${print(inner.type, inner.value)}>`;
    }
    case 'maybe':
      return (annotate ? `@${type.signature} ` : '') + maybe(type, value as readonly Value[]);
    case 'array':
      return array(type, value, annotate);
    case 'tuple': {
      const members = (value as readonly Value[]).map((item, index) =>
        text(childOf(type, index), item, annotate),
      );
      return `(${members.join(', ')}${members.length === 1 ? ',' : ''})`;
    }
    case 'entry':
      return `{${entry(type, value, annotate).join(', ')}}`;
  }
}

function childOf(type: VariantType, index: number): VariantType {
  return type.children[index] as VariantType;
}

function entry(type: VariantType, value: Value, annotate: boolean): readonly string[] {
  const [key, item] = value as readonly [Value, Value];
  return [text(childOf(type, 0), key, annotate), text(childOf(type, 1), item, annotate)];
}

function basic(type: VariantType, value: Value): string {
  if (typeof value === 'string') return quote(value);
  if (type.signature === 'y') return `0x${(value as number).toString(16).padStart(2, '0')}`;
  return type.signature === 'd' ? double(value as number) : String(value);
}

/** As C's `%.17g`, with `.0` where it would look like an integer. */
function double(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  const sign = Object.is(value, -0) ? '-' : '';
  const [digits, exponent] = value.toExponential(16).split('e') as [string, string];
  const power = Number(exponent);
  if (power >= -4 && power < 17) {
    const plain = trimZeros(value.toFixed(Math.min(16 - power, 100)));
    return sign + (plain.includes('.') ? plain : `${plain}.0`);
  }
  return `${sign}${trimZeros(digits)}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

function trimZeros(digits: string): string {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
}

/** GLib prints `just` only to distinguish nested maybes whose innermost value is absent. */
function maybe(type: VariantType, value: readonly Value[]): string {
  const element = childOf(type, 0);
  if (value.length === 0) return 'nothing';
  const inner = value[0] as Value;
  if (element.kind !== 'maybe') return text(element, inner, false);
  const printed = maybe(element, inner as readonly Value[]);
  return /^(?:just )*nothing$/.test(printed) ? `just ${printed}` : printed;
}

function array(type: VariantType, value: Value, annotate: boolean): string {
  const element = childOf(type, 0);
  if (value instanceof Uint8Array && value.indexOf(0) === value.length - 1 && value.length > 0) {
    return byteString(value.subarray(0, -1));
  }
  const items: readonly Value[] = value instanceof Uint8Array ? [...value] : (value as readonly Value[]);
  const [open, close] = element.kind === 'entry' ? '{}' : '[]';
  if (items.length === 0) return annotate ? `@${type.signature} ${open}${close}` : `${open}${close}`;
  // Only the first element needs the annotation: GLib infers the others.
  const printed = items.map((item, index) =>
    element.kind === 'entry'
      ? entry(element, item, annotate && index === 0).join(': ')
      : text(element, item, annotate && index === 0),
  );
  return `${open}${printed.join(', ')}${close}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

function quote(value: string): string {
  const mark = value.includes("'") ? '"' : "'";
  const escaped = [...value].map((char) => {
    if (char === mark || char === '\\') return `\\${char}`;
    return /[\p{Cc}\p{Cf}\p{Cn}\p{Cs}]/u.test(char) ? (ESCAPES[char] ?? escapeCode(char)) : char;
  });
  return mark + escaped.join('') + mark;
}

function escapeCode(char: string): string {
  const code = (char.codePointAt(0) as number).toString(16);
  return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`;
}

/** Bytes whose only NUL is the last print as text; non-ASCII bytes are escaped in octal. */
function byteString(bytes: Uint8Array): string {
  const mark = bytes.includes(0x27) ? '"' : "'";
  const escaped = Array.from(bytes, (byte) => {
    const char = String.fromCharCode(byte);
    if (char === '"' || char === '\\') return `\\${char}`;
    if (byte >= 0x20 && byte < 0x7f) return char;
    return char === '\x07' ? '\\007' : (ESCAPES[char] ?? `\\${byte.toString(8).padStart(3, '0')}`);
  });
  return `b${mark}${escaped.join('')}${mark}`;
}
