/**
 * Files that are versions of older ones: a binary patch, ranges copied from the old file, or whole. Which one
 * is judged by what the match finds, because a source is chosen by its path alone.
 */
import type { FileMatcher } from '../match/file-matcher.ts';
import type { PlannedSource } from '../plan/delta-plan.ts';
import { isIncompressible as looksIncompressible } from './content-class.ts';
import type { PartAssembly } from './part-assembly.ts';
import type { WholeFile } from './read-object.ts';

/** Where the file goes, and what it is made from. */
export type Derivation = {
  readonly assembly: PartAssembly;
  readonly matcher: FileMatcher;
  readonly source: PlannedSource;
  readonly old: WholeFile;
};

const SAMPLES = 24;
const SAMPLE_BYTES = 32;

export function addDerived({ header, bytes }: WholeFile, derivation: Derivation): void {
  const { assembly, matcher, source, old } = derivation;
  if (old.bytes.equals(bytes)) {
    // Only the metadata differ.
    const whole = { kind: 'copy', offset: 0, length: bytes.length } as const;
    assembly.addCopied(header, bytes.length, source.checksum, [whole]);
    return;
  }
  const isIncompressible = looksIncompressible(bytes);
  if (isIncompressible && !sharesSamples(old.bytes, bytes)) {
    assembly.addFile(header, bytes);
    return;
  }
  const matched = matcher.match(old.bytes, bytes, { mayPatch: source.patch, isIncompressible });
  switch (matched.kind) {
    case 'whole':
      assembly.addFile(header, bytes);
      break;
    case 'copy':
      assembly.addCopied(header, bytes.length, source.checksum, matched.steps);
      break;
    case 'patch': {
      const section = assembly.section('delta');
      const length = matched.write(section.reserve(matched.maxSize));
      section.advance(length);
      assembly.addPatched(header, bytes.length, source.checksum, length);
    }
  }
}

/**
 * Whether any of some short samples of `fresh` is in `old`. Compressed files mostly have nothing in common
 * with their old versions, and to find that out by matching takes seconds. If as much of a file is old as
 * pays, one in five thousand is missed.
 */
function sharesSamples(old: Buffer, fresh: Buffer): boolean {
  const distance = (fresh.length - SAMPLE_BYTES) / (SAMPLES - 1);
  return Array.from({ length: SAMPLES }, (_, index) => Math.floor(index * distance)).some((start) =>
    old.includes(fresh.subarray(start, start + SAMPLE_BYTES)),
  );
}
