/**
 * Lists a static delta in the form of the fixtures' `expected.txt`, which a reader that is independent of
 * treeport and of libostree wrote. It reads on where treeport refuses: wrong checksums, bytes behind the xz
 * stream.
 */
import { isTreeportError } from '../../src/base/errors.ts';
import { objectTypeByte } from '../../src/delta/static/listed-objects.ts';
import type { StaticDelta } from '../../src/delta/static/open-delta.ts';
import { type DeltaOperation, decodeOperations } from '../../src/delta/static/operations.ts';
import { type PartPayload, parsePayload } from '../../src/delta/static/part-payload.ts';
import type { PartHeader, Superblock } from '../../src/delta/static/superblock.ts';
import { partPath } from '../../src/delta/static/superblock.ts';
import { decodeXz } from '../../src/delta/xz/decode.ts';
import { write } from '../../src/gvariant/index.ts';
import { checksumOf } from '../../src/ostree/checksum.ts';
import { serializeDict } from '../../src/ostree/metadata-dict.ts';
import type { ObjectName } from '../../src/ostree/object-name.ts';

export function deltaListing(delta: StaticDelta): string {
  const { parsed } = delta;
  const { from, to, timestamp, commit, dependencies } = parsed;
  const isCommit = checksumOf(commit) === to;
  return [
    ...(delta.signatures === undefined
      ? []
      : [`signed wrapper, dictionary ${printable(serializeDict(delta.signatures))}`]),
    `timestamp ${timestamp} from ${from ?? '-'} to ${to} commit ${commit.length} bytes (sha256 ok: ${isCommit}) deps ${dependencies.length}`,
    ...metadataLines(parsed),
    ...parsed.fallbacks.map(
      ({ object, size, usize }) =>
        `fallback type ${objectTypeByte(object)} ${object.checksum} filez ${size} size ${usize}`,
    ),
    ...parsed.parts.flatMap((part, index) => partLines(delta, part, index)),
    '',
  ].join('\n');
}

function printable(bytes: Buffer): string {
  return bytes.toString('latin1').replaceAll(/[^ -~]/g, '.');
}

function metadataLines({ metadata }: Superblock): readonly string[] {
  return [...metadata].map(([key, { type, value }]) => {
    const bytes = write(type, value);
    return `metadata ${key} : ${type} ${bytes.length > 32 ? `${bytes.length} bytes` : bytes.toString('hex')}`;
  });
}

function partLines(delta: StaticDelta, part: PartHeader, index: number): readonly string[] {
  const { version, checksum, size, usize, objects } = part;
  const file = delta.partFile(index);
  const place = delta.parsed.metadata.has(partPath(delta.parsed, index)) ? 'inline' : 'file';
  const sum = checksumOf(file) === checksum ? 'ok' : 'DIFFERS';
  return [
    `part ${index} version ${version} sha256 ${checksum} size ${size} usize ${usize} objects ${objects.length}`,
    `  ${place} ${file.length} bytes, sha256 ${sum}, compression ${file[0]}`,
    ...payloadLines(decompressed(file), objects),
  ];
}

function decompressed(file: Buffer): Buffer {
  if (file[0] === 0) return file.subarray(1);
  const limits = { memoryLimit: 2 ** 31, maxBytes: 2 ** 24 };
  return Buffer.from(decodeXz('a fixture', file.subarray(1), limits).bytes);
}

function payloadLines(bytes: Buffer, objects: readonly ObjectName[]): readonly string[] {
  const payload = parsed(bytes);
  if (payload === undefined) {
    const offsets = [12, 8, 4].map((back) => bytes.readUInt32LE(bytes.length - back));
    return [`  payload ${bytes.length} bytes: NOT NORMAL (offsets ${offsets.toReversed().join(' ')})`];
  }
  const { modes, xattrs, blob, operations } = payload;
  const modeList = modes.map(({ uid, gid, mode }) => `${uid}:${gid}:${mode.toString(8)}`).join(' ');
  const sets = xattrs.map((set) => (set.length === 0 ? '(empty)' : Buffer.from(set).toString('hex')));
  return [
    `  payload ${bytes.length} bytes, modes [${modeList}], xattr sets ${sets.join(' ')}, blob ${blob.length}, operations ${operations.length}`,
    ...operationLines(payload, objects),
  ];
}

function parsed(bytes: Buffer): PartPayload | undefined {
  try {
    return parsePayload(bytes);
  } catch (error) {
    if (!isTreeportError(error, 'ERR_VARIANT')) throw error;
    return undefined;
  }
}

function operationLines({ blob, operations }: PartPayload, objects: readonly ObjectName[]): string[] {
  const lines: string[] = [];
  let made = 0;
  for (const operation of decodeOperations(operations, objects)) {
    const { type = 'file', checksum = '' } = objects[made] ?? {};
    const name = `${objectTypeByte({ type, checksum } as ObjectName)} ${checksum}`;
    lines.push(`  ${operationText(operation, name, blob)}`);
    if (operation.kind.startsWith('splice') || operation.kind === 'close') made += 1;
  }
  return lines;
}

function operationText(operation: DeltaOperation, name: string, blob: Buffer): string {
  switch (operation.kind) {
    case 'splice-metadata':
      return `S length ${operation.length} offset ${operation.offset} -> ${name}`;
    case 'splice-file': {
      const { mode, xattrs, length, offset } = operation;
      return `S mode ${mode} xattr ${xattrs} length ${length} offset ${offset} -> ${name}`;
    }
    case 'open':
      return `o mode ${operation.mode} xattr ${operation.xattrs} size ${operation.size} -> ${name}`;
    case 'write':
      return `w length ${operation.length} offset ${operation.offset}`;
    case 'set-source': {
      const id = blob.toString('hex', operation.offset, operation.offset + 32);
      return `r offset ${operation.offset} = ${id}`;
    }
    case 'unset-source':
      return 'R';
    case 'bspatch': {
      const { offset, length } = operation;
      return `B offset ${offset} length ${length}: ${tripleText(blob.subarray(offset, offset + length))}`;
    }
    case 'close':
      return 'c';
  }
}

function tripleText(patch: Buffer): string {
  const triples: string[] = [];
  for (let at = 0; at < patch.length; ) {
    const [diff, extra, seek] = [0, 8, 16].map((offset) => signed(patch, at + offset)) as [
      bigint,
      bigint,
      bigint,
    ];
    triples.push(`${diff}/${extra}/${seek}`);
    at += 24 + Number(diff + extra);
  }
  const more = triples.length > 4 ? ' …' : '';
  return `${triples.length} triples (diff/extra/seek): ${triples.slice(0, 4).join(' ')}${more}`;
}

function signed(bytes: Buffer, at: number): bigint {
  const raw = bytes.readBigUInt64LE(at);
  return raw >> 63n === 0n ? raw : -(raw & 0x7fffffffffffffffn);
}
