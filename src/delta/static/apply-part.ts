/**
 * Executes the operations of a part. Stricter than libostree, which takes a part for applied whatever its
 * operations leave out: they make each listed object exactly once, in the order of the list, read nothing
 * outside the blob and the sources, and end with an object that is closed. Each object is hashed before the
 * consumer gets it.
 *
 * A source is read whole. What is made of it and of the blob is not copied, so memory is that of the payload,
 * of the sources of one object, and of one patched file.
 */
import { createHash } from 'node:crypto';
import { collectSized } from '../../base/bytes.ts';
import { isTreeportError } from '../../base/errors.ts';
import { type Checksum, checksumFromBytes, checksumOf, finishChecksum } from '../../ostree/checksum.ts';
import { hashedHeader } from '../../ostree/file-header.ts';
import { formatObjectName, type HashedMetadataType, type ObjectName } from '../../ostree/object-name.ts';
import type { ContentObject, ObjectSource } from '../../ostree/object-source.ts';
import { operandRange } from './blob-range.ts';
import { deltaFault } from './delta-fault.ts';
import { contentOf, fileHeaderOf } from './made-content.ts';
import { OpenFile } from './open-file.ts';
import { type DeltaOperation, decodeOperations } from './operations.ts';
import type { PartPayload } from './part-payload.ts';

/** Its bytes are only valid during the call that passes it. */
export type MadeObject =
  | { readonly type: HashedMetadataType; readonly checksum: Checksum; readonly bytes: Buffer }
  | { readonly type: 'file'; readonly checksum: Checksum; readonly content: ContentObject };

export type DeltaPart = {
  /** Names the part in errors. */
  readonly what: string;
  /** Of the part's header. */
  readonly objects: readonly ObjectName[];
  readonly payload: PartPayload;
};

/** Where operations read the files of the commit that the delta starts from. */
export type BaseSource = Pick<ObjectSource, 'content'>;

/**
 * Makes the objects of a part and gives them to `take`, one after another. ERR_DELTA_CORRUPT if the
 * operations are faulty or give other objects, ERR_OBJECT_MISSING if the base lacks a source.
 */
export async function applyPart(
  part: DeltaPart,
  base: BaseSource,
  take: (made: MadeObject) => Promise<void> | void,
): Promise<void> {
  const applier = new PartApplier(part, base);
  try {
    for (const operation of decodeOperations(part.payload.operations, part.objects)) {
      const made = await applier.run(operation);
      if (made !== undefined) await take(made);
    }
    applier.finish();
  } catch (error) {
    if (!isTreeportError(error, 'ERR_DELTA_CORRUPT')) throw error;
    throw deltaFault(`${part.what}: ${error.message}`, error);
  }
}

class PartApplier {
  readonly #part: DeltaPart;
  readonly #base: BaseSource;
  /** Ids that `r` may name although they are not in the base: files that this part makes. */
  readonly #own: ReadonlySet<string>;
  readonly #ownFiles = new Map<Checksum, Buffer>();
  #made = 0;
  #open: OpenFile | undefined;
  #source: Buffer | undefined;
  /** The last sources, because some operations switch between them. */
  #sources = new Map<Checksum, Buffer>();

  constructor(part: DeltaPart, base: BaseSource) {
    this.#part = part;
    this.#base = base;
    this.#own = ownSources(part);
  }

  async run(operation: DeltaOperation): Promise<MadeObject | undefined> {
    const { blob } = this.#part.payload;
    switch (operation.kind) {
      case 'splice-metadata':
        this.#expectClosed();
        return this.#metadata(operandRange(blob, operation, 'the blob'));
      case 'splice-file':
        this.#expectClosed();
        return this.#splice(operation);
      case 'open':
        this.#expectClosed();
        this.#open = new OpenFile(fileHeaderOf(this.#part.payload, operation), operation.size);
        return undefined;
      case 'write':
        this.#opened().write(
          this.#source === undefined
            ? operandRange(blob, operation, 'the blob')
            : operandRange(this.#source, operation, 'its read source'),
        );
        return undefined;
      case 'set-source':
        this.#source = await this.#sourceAt(operation.offset);
        return undefined;
      case 'unset-source':
        this.#source = undefined;
        return undefined;
      case 'bspatch':
        this.#patch(operation);
        return undefined;
      case 'close':
        return this.#close();
    }
  }

  finish(): void {
    this.#expectClosed();
    const { objects } = this.#part;
    if (this.#made === objects.length) return;
    throw deltaFault(
      `its operations make ${this.#made} of the ${objects.length} objects that the superblock lists`,
    );
  }

  #next(): ObjectName {
    return this.#part.objects[this.#made++] as ObjectName;
  }

  #metadata(bytes: Buffer): MadeObject {
    const name = this.#next();
    checkId(name, checksumOf(bytes));
    return { type: name.type as HashedMetadataType, checksum: name.checksum, bytes };
  }

  #splice(operation: DeltaOperation & { readonly kind: 'splice-file' }): MadeObject {
    const { payload } = this.#part;
    const bytes = operandRange(payload.blob, operation, 'the blob');
    return this.#content(contentOf(fileHeaderOf(payload, operation), [bytes]), [bytes]);
  }

  #patch(operation: DeltaOperation & { readonly kind: 'bspatch' }): void {
    if (this.#source === undefined) throw deltaFault('a patch has no read source');
    this.#opened().patch(this.#source, operandRange(this.#part.payload.blob, operation, 'the blob'));
  }

  #close(): MadeObject {
    const pieces = this.#opened().close();
    const { header } = this.#opened();
    this.#open = undefined;
    this.#source = undefined;
    const made = this.#content(contentOf(header, pieces), pieces);
    this.#sources.clear();
    return made;
  }

  #content(content: ContentObject, pieces: readonly Buffer[]): MadeObject {
    const name = this.#next();
    const digest = createHash('sha256').update(hashedHeader(content.header));
    if (content.size > 0) for (const piece of pieces) digest.update(piece);
    checkId(name, finishChecksum(digest));
    if (this.#own.has(name.checksum)) this.#ownFiles.set(name.checksum, Buffer.concat(pieces));
    return { type: 'file', checksum: name.checksum, content };
  }

  #opened(): OpenFile {
    if (this.#open === undefined) throw deltaFault('an operation on a file comes while none is open');
    return this.#open;
  }

  #expectClosed(): void {
    if (this.#open !== undefined) throw deltaFault('a file is not closed');
  }

  async #sourceAt(offset: number): Promise<Buffer> {
    const id = operandRange(this.#part.payload.blob, { offset, length: 32 }, 'the blob');
    const checksum = checksumFromBytes(id, 'a read source');
    const known = this.#ownFiles.get(checksum) ?? this.#sources.get(checksum);
    if (known !== undefined) return known;
    const object = await this.#base.content(checksum);
    const bytes = await collectSized(object.stream(), object.size);
    if (this.#open === undefined) this.#sources.clear();
    this.#sources.set(checksum, bytes);
    return bytes;
  }
}

function ownSources({ objects, payload }: DeltaPart): ReadonlySet<string> {
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

function checkId(name: ObjectName, actual: Checksum): void {
  if (actual === name.checksum) return;
  throw deltaFault(
    `it makes ${actual} where object ${formatObjectName(name)} is listed; the delta is damaged, or the file it reads in the repository`,
  );
}
