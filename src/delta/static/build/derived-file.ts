/**
 * Files that are versions of older ones: a binary patch, ranges copied from the old file, or whole. Which one
 * is judged by what the match finds, because a source is chosen by its path alone.
 */
import type { FileMatcher, MatchOptions } from '../match/file-matcher.ts';
import type { PlannedSource } from '../plan/delta-plan.ts';
import { contentClassOf } from './content-class.ts';
import type { PartAssembly } from './part-assembly.ts';
import type { WholeFile } from './read-object.ts';

/** Where the file goes, and what it is made from. */
export type Derivation = {
  readonly assembly: PartAssembly;
  readonly matcher: FileMatcher;
  readonly source: PlannedSource;
  readonly old: WholeFile;
};

export function addDerived({ header, bytes }: WholeFile, derivation: Derivation): void {
  const { assembly, matcher, source, old } = derivation;
  if (old.bytes.equals(bytes)) {
    // Only the metadata differ.
    const whole = { kind: 'copy', offset: 0, length: bytes.length } as const;
    assembly.addCopied(header, bytes.length, source.checksum, [whole], 'delta');
    return;
  }
  const content = matchedContent(bytes);
  const matched = matcher.match(old.bytes, bytes, { mayPatch: source.patch, content });
  switch (matched.kind) {
    case 'whole':
      assembly.addFile(header, bytes);
      break;
    case 'copy':
      assembly.addCopied(
        header,
        bytes.length,
        source.checksum,
        matched.steps,
        content === 'incompressible' ? content : 'delta',
      );
      break;
    case 'patch': {
      const section = assembly.section('delta');
      const length = matched.write(section.reserve(matched.maxSize));
      section.advance(length);
      assembly.addPatched(header, bytes.length, source.checksum, length);
    }
  }
}

function matchedContent(bytes: Buffer): MatchOptions['content'] {
  const name = contentClassOf(bytes);
  return name === 'relocatable' || name === 'incompressible' ? name : 'other';
}
