/**
 * Prints values in GLib's text format for variants, as `ostree show --print-metadata-key` does:
 * `'text'`, `uint64 7`, `[byte 0x01, 0x02]`, `{'key': <'value'>}`.
 */
import type { Value, Variant } from './value.ts';
import { parseType, type VariantType } from './type.ts';

const PREFIX: Readonly<Record<string, string>> = {
  y: 'byte ', n: 'int16 ', q: 'uint16 ', u: 'uint32 ', h: 'handle ', x: 'int64 ', t: 'uint64 ', o: 'objectpath ', g: 'signature ',
};

/** The text of a value; numbers carry their type where the reader could not tell it. */
export function print(signature: string, value: Value): string {
  return text(parseType(signature), value, true);
}

function text(type: VariantType, value: Value, annotate: boolean): string {
  const prefix = annotate ? (PREFIX[type.signature] ?? '') : '';
  switch (type.kind) {
    case 'basic':
      if (typeof value === 'string') return prefix + quote(value);
      if (type.signature === 'y') return `${prefix}0x${(value as number).toString(16).padStart(2, '0')}`;
      return prefix + String(value);
    case 'variant': {
      const inner = value as Variant;
      return `<${print(inner.type, inner.value)}>`;
    }
    case 'maybe':
      if (value === null) return annotate ? `@${type.signature} nothing` : 'nothing';
      return text(type.children[0] as VariantType, value, annotate);
    case 'array':
      return array(type, value, annotate);
    case 'tuple': {
      const members = (value as readonly Value[]).map((item, index) => text(type.children[index] as VariantType, item, annotate));
      return type.signature.startsWith('{') ? members.join(': ') : `(${members.join(', ')}${members.length === 1 ? ',' : ''})`;
    }
  }
}

function array(type: VariantType, value: Value, annotate: boolean): string {
  const element = type.children[0] as VariantType;
  const items: readonly Value[] = value instanceof Uint8Array ? [...value] : (value as readonly Value[]);
  const isDictionary = element.signature.startsWith('{');
  const [open, close] = isDictionary ? ['{', '}'] : ['[', ']'];
  if (items.length === 0) return annotate ? `@${type.signature} ${open}${close}` : open + close;
  // Only the first element needs the annotation: GLib infers the others.
  return open + items.map((item, index) => text(element, item, annotate && index === 0)).join(', ') + close;
}

function quote(value: string): string {
  const mark = value.includes("'") && !value.includes('"') ? '"' : "'";
  const escaped = [...value].map((char) => {
    if (char === mark || char === '\\') return `\\${char}`;
    const named = { '\n': '\\n', '\t': '\\t', '\r': '\\r', '\b': '\\b', '\f': '\\f', '\v': '\\v', '\x07': '\\a' }[char];
    if (named !== undefined) return named;
    const code = char.codePointAt(0) as number;
    return code < 0x20 || code === 0x7f ? `\\u${code.toString(16).padStart(4, '0')}` : char;
  });
  return mark + escaped.join('') + mark;
}
