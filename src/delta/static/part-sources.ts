/**
 * The files that the operations of a part read: files of the base, and files that the same part made before,
 * which libostree finds in its staging directory. Each is read whole, because patches read at random and
 * archives inflate from the start only.
 */
import { collectSized } from '../../base/bytes.ts';
import { type Checksum, checksumFromBytes } from '../../ostree/checksum.ts';
import type { ObjectName } from '../../ostree/object-name.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import { operandRange } from './blob-range.ts';
import { decodeOperations } from './operations.ts';
import type { PartPayload } from './part-payload.ts';

/** Where operations read the files of the commit that the delta starts from. */
export type BaseSource = Pick<ObjectSource, 'content'>;

type SourcePart = { readonly objects: readonly ObjectName[]; readonly payload: PartPayload };

export class PartSources {
  readonly #part: SourcePart;
  readonly #base: BaseSource;
  /** Files of this part that its operations read. */
  readonly #own: ReadonlySet<string>;
  readonly #ownFiles = new Map<Checksum, Buffer>();
  /** Those of the current object, because some operations switch between several. */
  readonly #current = new Map<Checksum, Buffer>();

  constructor(part: SourcePart, base: BaseSource) {
    this.#part = part;
    this.#base = base;
    this.#own = ownSources(part);
  }

  /**
   * The file whose id is at `offset` of the blob. Unless `isAlone`, those read before stay in memory.
   * ERR_DELTA_CORRUPT, ERR_OBJECT_MISSING.
   */
  async at(offset: number, isAlone: boolean): Promise<Buffer> {
    const id = operandRange(this.#part.payload.blob, { offset, length: 32 }, 'the blob');
    const checksum = checksumFromBytes(id, 'a read source');
    const known = this.#ownFiles.get(checksum) ?? this.#current.get(checksum);
    if (known !== undefined) return known;
    const object = await this.#base.content(checksum);
    const bytes = await collectSized(object.stream(), object.size);
    if (isAlone) this.#current.clear();
    this.#current.set(checksum, bytes);
    return bytes;
  }

  /** Keeps a file that the part made if a later operation reads it. */
  keep(checksum: Checksum, pieces: readonly Buffer[]): void {
    if (this.#own.has(checksum)) this.#ownFiles.set(checksum, Buffer.concat(pieces));
  }

  /** Frees the files of an object that is complete. */
  release(): void {
    this.#current.clear();
  }
}

function ownSources({ objects, payload }: SourcePart): ReadonlySet<string> {
  const made = new Set<string>();
  for (const { type, checksum } of objects) if (type === 'file') made.add(checksum);
  const own = new Set<string>();
  for (const operation of decodeOperations(payload.operations, objects)) {
    if (operation.kind !== 'set-source') continue;
    const id = payload.blob.toString('hex', operation.offset, operation.offset + 32);
    if (made.has(id)) own.add(id);
  }
  return own;
}
