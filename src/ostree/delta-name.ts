/**
 * Names and paths of static deltas and their indexes.
 *
 *     deltas/<2>/<41>[-<43>]/superblock       from scratch, or from one commit to another
 *     delta-indexes/<2>/<41>.index            the deltas to one commit
 *
 * In summary and index dictionaries the same deltas are named `<to>` or `<from>-<to>` in hexadecimal.
 */
import { type Checksum, checksumFromDeltaName, checksumToDeltaName, isChecksum } from './checksum.ts';

export const DELTA_INDEXES = 'delta-indexes';

export type DeltaName = {
  /** Undefined for a delta from scratch. */
  readonly from: Checksum | undefined;
  readonly to: Checksum;
};

/** Directory of a delta below the repository. */
export function deltaDirectory(name: DeltaName): string {
  const first = checksumToDeltaName(name.from ?? name.to);
  const rest = name.from === undefined ? '' : `-${checksumToDeltaName(name.to)}`;
  return `deltas/${first.slice(0, 2)}/${first.slice(2)}${rest}`;
}

/** The superblock of a delta below the repository. */
export function superblockPath(name: DeltaName): string {
  return `${deltaDirectory(name)}/superblock`;
}

export function deltaIndexPath(to: Checksum): string {
  const name = checksumToDeltaName(to);
  return `${DELTA_INDEXES}/${name.slice(0, 2)}/${name.slice(2)}.index`;
}

/** Parses the two directory names below `deltas/`; undefined if they do not name a delta. */
export function parseDeltaDirectory(fanOut: string, rest: string): DeltaName | undefined {
  const [first, second, ...more] = (fanOut + rest).split('-');
  if (fanOut.length !== 2 || first === undefined || more.length > 0) return undefined;
  const one = checksumFromDeltaName(first);
  if (one === undefined) return undefined;
  if (second === undefined) return { from: undefined, to: one };
  const two = checksumFromDeltaName(second);
  return two === undefined ? undefined : { from: one, to: two };
}

/** The key of a delta in summary and index dictionaries. */
export function deltaKey(name: DeltaName): string {
  return name.from === undefined ? name.to : `${name.from}-${name.to}`;
}

/** The counterpart of {@link deltaKey}; undefined if `text` is not such a key. */
export function parseDeltaKey(text: string): DeltaName | undefined {
  const [first = '', second, ...more] = text.split('-');
  if (!isChecksum(first) || more.length > 0) return undefined;
  if (second === undefined) return { from: undefined, to: first };
  return isChecksum(second) ? { from: first, to: second } : undefined;
}
