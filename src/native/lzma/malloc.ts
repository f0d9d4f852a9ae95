/**
 * glibc's malloc raises the size from which memory comes from mmap(2), and goes back at once, to that of the
 * largest block freed so far. Then each thread that works on blocks of megabytes keeps some 15 MB of them.
 * A fixed size keeps nothing (mallopt(3)).
 */
import { lazyKoffi } from './koffi.ts';

/** malloc.h. */
const M_MMAP_THRESHOLD = -3;
const LARGE_BYTES = 256 * 1024;

/** For the whole process; returns whether its C library has such a setting. */
export function giveLargeBlocksBack(): boolean {
  try {
    const mallopt = lazyKoffi().load('libc.so.6').func('int mallopt(int parameter, int value)');
    return mallopt(M_MMAP_THRESHOLD, LARGE_BYTES) === 1;
  } catch {
    return false;
  }
}
