/** Ranges that operations name, in the blob and in sources. */
import { deltaFault } from './delta-fault.ts';

/** `whole` names what the range must lie in. ERR_DELTA_CORRUPT if it does not. */
export function operandRange(
  bytes: Buffer,
  { offset, length }: { readonly offset: number; readonly length: number },
  whole: string,
): Buffer {
  if (offset + length <= bytes.length) return bytes.subarray(offset, offset + length);
  throw deltaFault(
    `an operation reads ${length} bytes at ${offset} of ${whole}, which has ${bytes.length} bytes`,
  );
}
