/** Checksums of no object, for tests that need some. */
import { type Checksum, parseChecksum } from '../../src/ostree/checksum.ts';

/** The digits over and over: `repeatedChecksum('ab')` is `abab…`. */
export function repeatedChecksum(digits: string): Checksum {
  return parseChecksum(digits.repeat(64 / digits.length));
}

/** Text that is no checksum, for functions that must refuse it or do not look at it. */
export function uncheckedChecksum(text: string): Checksum {
  return text as Checksum;
}
