/**
 * Executes the operations of a part. Stricter than libostree, which also accepts a part whose operations make
 * only some of its objects: they make each listed object exactly once, in the order of the list, read nothing
 * outside the blob and the sources, and end with an object that is closed. Each object is hashed before the
 * consumer gets it.
 *
 * Objects that are made of the blob and of sources share their memory, so memory is that of the payload, of
 * the sources of one object, and of one patched file.
 */
import { isTreeportError } from '../../base/errors.ts';
import { type Checksum, checksumOf, finishChecksum } from '../../ostree/checksum.ts';
import { formatObjectName, type HashedMetadataType, type ObjectName } from '../../ostree/object-name.ts';
import type { ContentObject } from '../../ostree/object-source.ts';
import { fileDigest } from '../../ostree/verify.ts';
import { operandRange } from './blob-range.ts';
import { deltaFault } from './delta-fault.ts';
import { contentOf, fileHeaderOf } from './made-content.ts';
import { OpenFile } from './open-file.ts';
import { type DeltaOperation, decodeOperations } from './operations.ts';
import type { PartPayload } from './part-payload.ts';
import { type BaseSource, PartSources } from './part-sources.ts';

/** Its bytes are only valid until the next object is requested. */
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

/**
 * Makes the objects of a part, one after another. ERR_DELTA_CORRUPT if the operations are faulty or give
 * other objects, ERR_OBJECT_MISSING if the base lacks a source.
 */
export async function* applyPart(part: DeltaPart, base: BaseSource): AsyncGenerator<MadeObject> {
  const applier = new PartApplier(part, base);
  try {
    for (const operation of decodeOperations(part.payload.operations, part.objects)) {
      const made = await applier.run(operation);
      if (made !== undefined) yield made;
    }
    applier.finish();
  } catch (error) {
    if (!isTreeportError(error, 'ERR_DELTA_CORRUPT')) throw error;
    throw deltaFault(`${part.what}: ${error.message}`, error);
  }
}

class PartApplier {
  readonly #part: DeltaPart;
  readonly #sources: PartSources;
  #made = 0;
  #open: OpenFile | undefined;
  #source: Buffer | undefined;

  constructor(part: DeltaPart, base: BaseSource) {
    this.#part = part;
    this.#sources = new PartSources(part, base);
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
        this.#source = await this.#sources.at(operation.offset, this.#open === undefined);
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
    this.#sources.release();
    return made;
  }

  #content(content: ContentObject, pieces: readonly Buffer[]): MadeObject {
    const name = this.#next();
    const digest = fileDigest(content.header);
    if (content.size > 0) for (const piece of pieces) digest.update(piece);
    checkId(name, finishChecksum(digest));
    this.#sources.keep(name.checksum, pieces);
    return { type: 'file', checksum: name.checksum, content };
  }

  #opened(): OpenFile {
    if (this.#open === undefined) throw deltaFault('an operation on a file comes while none is open');
    return this.#open;
  }

  #expectClosed(): void {
    if (this.#open !== undefined) throw deltaFault('a file is not closed');
  }
}

function checkId(name: ObjectName, actual: Checksum): void {
  if (actual === name.checksum) return;
  throw deltaFault(
    `it makes ${actual} where object ${formatObjectName(name)} is listed; the delta is damaged, or the file it reads in the repository`,
  );
}
