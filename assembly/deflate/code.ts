/**
 * Prefix codes of least length for symbols that occur so often, with a limit of their bits (RFC 1951, §3.2.2).
 *
 * Lengths are found in place, as by Moffat and Katajainen ("In-place calculation of minimum-redundancy
 * codes", 1995). Where a code is longer than the limit it is cut, and others are made longer for it.
 */
import { PER_LENGTH, SORTED, WEIGHTS } from './memory';

const LONGEST: u32 = 31;

/** Makes a code of `size` symbols; an entry has the reversed code, and its length in the upper 16 bits. */
export function makeCode(counts: usize, codes: usize, size: u32, limit: u32): void {
  const used = sortUsed(counts, size);
  memory.fill(codes, 0, size << 2);
  memory.fill(PER_LENGTH, 0, (LONGEST + 1) << 2);
  if (used < 2) {
    // A code has two symbols, of which one may be unused, or the first alone.
    const symbol = used === 0 ? 0 : load<u32>(SORTED);
    store<u32>(PER_LENGTH + 4, symbol === 0 ? 1 : 2);
    store<u32>(codes + ((<usize>symbol) << 2), 1 << 16);
    if (symbol !== 0) store<u32>(codes, 1 << 16);
  } else {
    findLengths(used);
    countLengths(used, limit);
    let at: usize = SORTED;
    for (let length = limit; length > 0; length--) {
      const end = at + ((<usize>load<u32>(PER_LENGTH + ((<usize>length) << 2))) << 2);
      for (; at < end; at += 4) store<u32>(codes + ((<usize>load<u32>(at)) << 2), length << 16);
    }
  }
  assignCodes(codes, size, limit);
}

/** Puts the symbols that occur into `SORTED`, the rarest first, and their counts into `WEIGHTS`. */
function sortUsed(counts: usize, size: u32): u32 {
  let used: u32 = 0;
  for (let symbol: u32 = 0; symbol < size; symbol++) {
    const count = load<u32>(counts + ((<usize>symbol) << 2));
    if (count === 0) continue;
    // Both in one word: a count has fewer than 23 bits, a symbol nine.
    store<u32>(SORTED + ((<usize>used) << 2), (count << 9) | symbol);
    used += 1;
  }
  shellSort(used);
  for (let index: u32 = 0; index < used; index++) {
    const word = load<u32>(SORTED + ((<usize>index) << 2));
    store<u32>(SORTED + ((<usize>index) << 2), word & 511);
    store<u32>(WEIGHTS + ((<usize>index) << 2), word >> 9);
  }
  return used;
}

function shellSort(size: u32): void {
  let gap: u32 = 1;
  while (gap * 3 + 1 < size) gap = gap * 3 + 1;
  for (; gap > 0; gap /= 3) {
    const step = (<usize>gap) << 2;
    for (let index = gap; index < size; index++) {
      let at: usize = SORTED + ((<usize>index) << 2);
      const word = load<u32>(at);
      while (at >= SORTED + step && load<u32>(at - step) > word) {
        store<u32>(at, load<u32>(at - step));
        at -= step;
      }
      store<u32>(at, word);
    }
  }
}

function weight(index: u32): u32 {
  return load<u32>(WEIGHTS + ((<usize>index) << 2));
}

function setWeight(index: u32, value: u32): void {
  store<u32>(WEIGHTS + ((<usize>index) << 2), value);
}

/** Replaces the weights, smallest first, by the lengths of their codes. */
function findLengths(size: u32): void {
  // First pass: inner nodes take the place of weights, and each node that of its parent.
  let leaf: u32 = 0;
  let root: u32 = 0;
  for (let next: u32 = 0; next < size - 1; next++) {
    let sum: u32 = 0;
    for (let half = 0; half < 2; half++) {
      if (leaf >= size || (root < next && weight(root) < weight(leaf))) {
        sum += weight(root);
        setWeight(root, next);
        root += 1;
      } else {
        sum += weight(leaf);
        leaf += 1;
      }
    }
    setWeight(next, sum);
  }
  // Second pass: depths of inner nodes.
  setWeight(size - 2, 0);
  for (let next: i32 = <i32>size - 3; next >= 0; next--) setWeight(next, weight(weight(next)) + 1);
  // Third pass: depths of leaves.
  let available: u32 = 1;
  let depth: u32 = 0;
  let inner: i32 = <i32>size - 2;
  let last: i32 = <i32>size - 1;
  while (available > 0) {
    let here: u32 = 0;
    while (inner >= 0 && weight(inner) === depth) {
      here += 1;
      inner -= 1;
    }
    while (available > here) {
      setWeight(last, depth);
      last -= 1;
      available -= 1;
    }
    available = 2 * here;
    depth += 1;
  }
}

function perLength(length: u32): u32 {
  return load<u32>(PER_LENGTH + ((<usize>length) << 2));
}

function addPerLength(length: u32, count: i32): void {
  store<u32>(PER_LENGTH + ((<usize>length) << 2), perLength(length) + count);
}

/** Counts codes by length, none longer than the limit. */
function countLengths(size: u32, limit: u32): void {
  for (let index: u32 = 0; index < size; index++) addPerLength(min(weight(index), limit), 1);
  let space: u32 = 0;
  for (let length: u32 = 1; length <= limit; length++) space += perLength(length) << (limit - length);
  // Each turn takes a code of full length away and splits a shorter one, which frees one place in all.
  while (space > (<u32>1) << limit) {
    addPerLength(limit, -1);
    let length = limit - 1;
    while (perLength(length) === 0) length -= 1;
    addPerLength(length, -1);
    addPerLength(length + 1, 2);
    space -= 1;
  }
}

/** Codes of one length are consecutive, in the order of symbols. */
function assignCodes(codes: usize, size: u32, limit: u32): void {
  let code: u32 = 0;
  // The first code of each length, in place of how many there are.
  for (let length: u32 = 1; length <= limit; length++) {
    const count = perLength(length);
    code <<= 1;
    store<u32>(PER_LENGTH + ((<usize>length) << 2), code);
    code += count;
  }
  for (let symbol: u32 = 0; symbol < size; symbol++) {
    const place = codes + ((<usize>symbol) << 2);
    const length = load<u32>(place) >> 16;
    if (length === 0) continue;
    const its = perLength(length);
    addPerLength(length, 1);
    store<u32>(place, (length << 16) | reversed(its, length));
  }
}

function reversed(code: u32, length: u32): u32 {
  let bits: u32 = ((code & 0x5555) << 1) | ((code >> 1) & 0x5555);
  bits = ((bits & 0x3333) << 2) | ((bits >> 2) & 0x3333);
  bits = ((bits & 0x0f0f) << 4) | ((bits >> 4) & 0x0f0f);
  bits = ((bits & 0x00ff) << 8) | ((bits >> 8) & 0x00ff);
  return bits >> (16 - length);
}
