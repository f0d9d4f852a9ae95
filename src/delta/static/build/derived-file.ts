/** A file that is a version of an older one, in the form that is smallest. */
import type { PlannedSource } from '../plan/delta-plan.ts';
import type { PartAssembly } from './part-assembly.ts';
import type { WholeFile } from './read-object.ts';

/** Adds `file`, made from `old` if that is smaller than the file itself. */
export function addDerived(
  assembly: PartAssembly,
  { header, bytes }: WholeFile,
  source: PlannedSource,
  old: WholeFile,
): void {
  if (old.bytes.equals(bytes)) {
    const whole = { kind: 'copy', offset: 0, length: bytes.length } as const;
    assembly.addCopied(header, bytes.length, source.checksum, [whole]);
  } else {
    assembly.addFile(header, bytes);
  }
}
