/** What `delta show` prints: the lines of `ostree static-delta show`, then the sizes by kind of object. */
import { formatByteSize } from '../base/byte-size.ts';
import {
  addTotals,
  describePart,
  type KindTotal,
  type ObjectKind,
  type PartContents,
} from '../delta/static/describe-part.ts';
import { readPart, type StaticDelta } from '../delta/static/open-delta.ts';
import { ENDIANNESS_KEY, type PartHeader, type Superblock } from '../delta/static/superblock.ts';

const KINDS: Readonly<Record<ObjectKind, string>> = {
  metadata: 'Metadata objects',
  literal: 'Files stored whole',
  copied: 'Files copied from old files',
  patched: 'Files patched',
  symlink: 'Symlinks',
};

export function* deltaLines(delta: StaticDelta, name: string): Generator<string> {
  const { from, to, timestamp, dependencies, fallbacks, parts } = delta.parsed;
  yield `Delta: ${name}`;
  yield `Signed: ${delta.signatures === undefined ? 'no' : 'yes'}`;
  yield from === undefined ? 'From <scratch>' : `From: ${from}`;
  yield `To: ${to}`;
  yield `Endianness: ${endianness(delta.parsed)}`;
  yield `Timestamp: ${timestamp}`;
  yield `Number of parents: ${Math.floor(dependencies.length / 64)}`;
  yield `Number of fallback entries: ${fallbacks.length}`;
  for (const { object } of fallbacks) yield `  ${object.checksum}`;
  yield* totalLines('Fallback ', fallbacks);
  yield `Number of parts: ${parts.length}`;
  const contents = contentsOf(delta);
  for (const [index, header] of parts.entries())
    yield* partLines(header, contents[index] as PartContents, index);
  yield* totalLines('Part ', parts);
  yield* totalLines('', [...fallbacks, ...parts]);
  for (const [kind, { objects, size, stored }] of Object.entries(kindTotals(contents)))
    if (objects > 0)
      yield `${KINDS[kind as ObjectKind]}: ${objects}, ${sizeText(size)}, from ${sizeText(stored)} of the delta`;
}

export function deltaJson(delta: StaticDelta) {
  const { from, to, timestamp, fallbacks, parts } = delta.parsed;
  return {
    from: from ?? null,
    to,
    timestamp,
    endianness: endianness(delta.parsed),
    signed: delta.signatures !== undefined,
    superblockSize: delta.file.length,
    parts: parts.map(({ version, checksum, size, usize, objects }) => ({
      version,
      checksum,
      size,
      usize,
      objects: objects.length,
    })),
    fallbacks: fallbacks.map(({ object, size, usize }) => ({ checksum: object.checksum, size, usize })),
    kinds: kindTotals(contentsOf(delta)),
  };
}

function endianness({ metadata, order }: Superblock): string {
  const letter = metadata.get(ENDIANNESS_KEY);
  if (letter?.type !== 'y') return `${order} (heuristic)`;
  return letter.value === 'l'.charCodeAt(0) || letter.value === 'B'.charCodeAt(0) ? order : 'invalid';
}

function* partLines({ objects, size, usize }: PartHeader, contents: PartContents, index: number) {
  const { sizes, operations } = contents;
  const splices = operations['splice-metadata'] + operations['splice-file'];
  yield `PartMeta${index}: nobjects=${objects.length} size=${size} usize=${usize}`;
  yield `PartPayload${index}: nmodes=${sizes.modes} nxattrs=${sizes.xattrs} blobsize=${sizes.blob} opsize=${sizes.operations}`;
  yield `PartPayloadOps${index}: openspliceclose=${splices} open=${operations.open} write=${operations.write} setread=${operations['set-source']} unsetread=${operations['unset-source']} close=${operations.close} bspatch=${operations.bspatch}`;
}

function* totalLines(what: string, items: readonly { readonly size: number; readonly usize: number }[]) {
  yield `Total ${what}Size: ${sizeText(sum(items.map(({ size }) => size)))}`;
  yield `Total ${what}Uncompressed Size: ${sizeText(sum(items.map(({ usize }) => usize)))}`;
}

/** Decompresses one part after another. */
function contentsOf(delta: StaticDelta): readonly PartContents[] {
  return delta.parsed.parts.map(({ objects }, index) => describePart(objects, readPart(delta, index)));
}

function kindTotals(contents: readonly PartContents[]): Readonly<Record<ObjectKind, KindTotal>> {
  const total = (kind: ObjectKind) =>
    contents.reduce((sum, { kinds }) => addTotals(sum, kinds[kind]), { objects: 0, size: 0, stored: 0 });
  return {
    metadata: total('metadata'),
    literal: total('literal'),
    copied: total('copied'),
    patched: total('patched'),
    symlink: total('symlink'),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** As ostree: with a no-break space before the unit. */
function sizeText(bytes: number): string {
  return `${bytes} (${formatByteSize(bytes, '\u00a0')})`;
}
