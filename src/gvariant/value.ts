/**
 * The JavaScript form of GVariant values.
 *
 * `y n q i u h` number · `x t` bigint · `d` number · `b` boolean · `s o g` string · `ay` Buffer ·
 * other arrays and tuples: array · dictionary entry: `[key, value]` · `m`: an array of none or one ·
 * `v`: {@link Variant}.
 *
 * Numbers are read in the byte order of the whole variant, little-endian unless view.ts is told otherwise.
 * Where ostree stores single numbers big-endian, the object model swaps them (see ostree/byte-order.ts).
 */
export type Value = number | bigint | boolean | string | Uint8Array | Variant | readonly Value[];

export type Variant = {
  /** The type string of the value inside. */
  readonly type: string;
  readonly value: Value;
};

/** Wraps a value as a variant of the given type. */
export function variant(type: string, value: Value): Variant {
  return { type, value };
}
