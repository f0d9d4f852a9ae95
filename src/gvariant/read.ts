/**
 * Decodes whole serialized GVariants. Accepts normal form only: zero padding, minimal framing offsets in
 * order, terminated UTF-8 strings. So a decoded value serializes to the same bytes, and checksums of both
 * agree. Use view.ts for data that may be large.
 */
import type { Value } from './value.ts';
import { view } from './view.ts';

/**
 * Decodes `bytes`, which must be exactly one value of the type; ERR_VARIANT. `ay` members share its memory.
 */
export function read(signature: string, bytes: Uint8Array): Value {
  return view(signature, bytes).value();
}
