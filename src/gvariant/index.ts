/** GVariant codec: type strings, reading (normal form only), writing, printing. */
export { print } from './print.ts';
export { read } from './read.ts';
export { parseType, type VariantType } from './type.ts';
export { type Value, type Variant, variant } from './value.ts';
export { type View, view } from './view.ts';
export { write } from './write.ts';
