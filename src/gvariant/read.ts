/**
 * Decodes serialized GVariants whole. Only normal form is accepted: zero padding, minimal framing offsets in order,
 * terminated UTF-8 strings. So a value that was read serializes to the same bytes again, and checksums over either agree.
 * For data that may be large, see view.ts.
 */
import type { Value } from './value.ts';
import { view } from './view.ts';

/** Decodes `bytes`, which must be exactly one value of the type; ERR_VARIANT. `ay` members share its memory. */
export function read(signature: string, bytes: Uint8Array): Value {
  return view(signature, bytes).value();
}
