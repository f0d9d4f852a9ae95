/** Content objects as operations make them: headers from the tables of the payload, bytes in pieces. */
import { isUtf8 } from 'node:buffer';
import { checkFileHeader, type FileHeader, isSymlink } from '../../ostree/file-header.ts';
import { type ContentObject, noBytes } from '../../ostree/object-source.ts';
import { deltaFault } from './delta-fault.ts';
import type { PayloadTables } from './part-payload.ts';

/** The header that the indexes of an operation name, without the target of a symlink. */
export function fileHeaderOf(
  { modes, xattrs }: PayloadTables,
  index: { readonly mode: number; readonly xattrs: number },
): FileHeader {
  const mode = modes[index.mode];
  const set = xattrs[index.xattrs];
  if (mode === undefined || set === undefined)
    throw deltaFault(
      `an operation names mode ${index.mode} and attributes ${index.xattrs}, which are not in the tables`,
    );
  const header = { ...mode, target: '', xattrs: set };
  checkFileHeader(header, 'a file of the delta');
  return header;
}

/** The object of a header and the raw bytes: those of a symlink are its target. */
export function contentOf(header: FileHeader, pieces: readonly Buffer[]): ContentObject {
  if (isSymlink(header)) {
    const bytes = Buffer.concat(pieces);
    if (!isUtf8(bytes)) throw deltaFault('a symlink leads to a path that is not UTF-8');
    return { header: { ...header, target: bytes.toString() }, size: 0, stream: noBytes };
  }
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return { header, size, stream: () => streamOf(pieces) };
}

async function* streamOf(pieces: readonly Buffer[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}
