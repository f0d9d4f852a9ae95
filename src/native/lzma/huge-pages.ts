/**
 * An allocator for liblzma's encoders that asks for huge pages: match finders read tables of tens of
 * megabytes at random, so that with pages of 4 KiB most lookups miss the TLB. glibc can do it for a whole
 * process, but only by a tunable that it reads when the process starts.
 *
 * liblzma calls back on the thread that encodes. Blocks of less than a huge page come from malloc(3).
 * Sources: madvise(2), and lzma_allocator in lzma/base.h.
 */
import { lazyKoffi } from './koffi.ts';

/** A huge page of x64, and of arm64 with pages of 4 KiB. */
const HUGE_BYTES = 2 * 1024 * 1024;
/** mman.h of Linux, on both. */
const READ_WRITE = 0x1 | 0x2;
const PRIVATE_ANONYMOUS = 0x02 | 0x20;
const MADV_HUGEPAGE = 14;
/** Two functions and an argument for them. */
const ALLOCATOR_BYTES = 24;

const state: { made: Uint8Array | undefined } = { made: undefined };

/** The lzma_allocator of this thread. */
export function hugePageAllocator(): Uint8Array {
  state.made ??= makeAllocator();
  return state.made;
}

/** Addresses are numbers: those of user space have 47 bits. */
function makeAllocator(): Uint8Array {
  const koffi = lazyKoffi();
  const libc = koffi.load(null);
  const malloc = libc.func('size_t malloc(size_t size)');
  const free = libc.func('void free(size_t at)');
  const map = libc.func('size_t mmap(size_t at, size_t size, int access, int flags, int fd, int64_t offset)');
  const unmap = libc.func('int munmap(size_t at, size_t size)');
  const advise = libc.func('int madvise(size_t at, size_t size, int advice)');
  const mapped = new Map<number, number>();
  const take = (_opaque: number, count: number, size: number): number => {
    const bytes = count * size;
    if (bytes < HUGE_BYTES) return malloc(bytes);
    const at: number | bigint = map(0, bytes, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0);
    // MAP_FAILED is the largest number of 64 bits.
    if (typeof at !== 'number') return 0;
    // A kernel without huge pages refuses; others serve as well.
    advise(at, bytes, MADV_HUGEPAGE);
    mapped.set(at, bytes);
    return at;
  };
  const give = (_opaque: number, at: number): void => {
    const bytes = mapped.get(at);
    if (bytes === undefined) free(at);
    else {
      mapped.delete(at);
      unmap(at, bytes);
    }
  };
  const functions = [
    koffi.register(take, koffi.pointer(koffi.proto('size_t', ['size_t', 'size_t', 'size_t']))),
    koffi.register(give, koffi.pointer(koffi.proto('void', ['size_t', 'size_t']))),
  ];
  const memory = Buffer.alloc(ALLOCATOR_BYTES);
  for (const [index, address] of functions.entries()) memory.writeBigUInt64LE(address, index * 8);
  return memory;
}
