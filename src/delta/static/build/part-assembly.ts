/**
 * Assembles the payload of a part object by object. The blob has one section for each class of content, so
 * that a section can be compressed by itself; sections begin after everything is added, and so do the offsets
 * of operations.
 */
import type { Checksum } from '../../../ostree/checksum.ts';
import { checksumToBytes } from '../../../ostree/checksum.ts';
import { type FileHeader, isSymlink } from '../../../ostree/file-header.ts';
import type { CopyStep } from '../match/copy-steps.ts';
import { type DeltaOperation, OperationWriter } from '../operations.ts';
import { framePayload } from '../part-payload.ts';
import { ByteSection } from './byte-section.ts';
import { type ContentClass, contentClassOf, type FileClass } from './content-class.ts';
import { PartTables } from './tables.ts';

export type PartSection = { readonly class: ContentClass; readonly bytes: Buffer };

/** A payload in pieces, in order: tables, the blob by sections, operations. */
export type PartContent = {
  readonly sections: readonly PartSection[];
  /** Bytes of the payload. */
  readonly payloadSize: number;
};

type BlobClass = Exclude<ContentClass, 'tables'>;
type Placed = { readonly operation: DeltaOperation; readonly section?: BlobClass };

/** Their order in the blob. */
const BLOB_CLASSES: readonly BlobClass[] = [
  'metadata',
  'plain',
  'x86',
  'relocatable',
  'delta',
  'incompressible',
];

export class PartAssembly {
  readonly #capacity: number;
  readonly #classOf: (bytes: Buffer) => FileClass;
  readonly #tables = new PartTables();
  readonly #sections = new Map<BlobClass, ByteSection>();
  readonly #operations: Placed[] = [];

  /** `capacity`: bytes of content expected. `classOf` tells in which section a file is. */
  constructor(capacity: number, classOf = contentClassOf) {
    this.#capacity = capacity;
    this.#classOf = classOf;
  }

  addMetadata(bytes: Uint8Array): void {
    const offset = this.section('metadata').append(bytes);
    this.#add({ kind: 'splice-metadata', length: bytes.length, offset }, 'metadata');
  }

  /** A symlink or a regular file with all its bytes. */
  addFile(header: FileHeader, bytes: Buffer): void {
    const content = isSymlink(header) ? Buffer.from(header.target) : bytes;
    const section = isSymlink(header) ? 'metadata' : this.#classOf(content);
    const offset = this.section(section).append(content);
    const indexes = this.#tables.add(header);
    this.#add({ kind: 'splice-file', ...indexes, length: content.length, offset }, section);
  }

  /** A file as the binary patch that was appended to section `delta` last, `length` bytes of it. */
  addPatched(header: FileHeader, size: number, source: Checksum, length: number): void {
    this.#open(header, size, source);
    this.#add({ kind: 'bspatch', offset: this.section('delta').length - length, length }, 'delta');
    this.#add({ kind: 'close' });
  }

  /** A file as a copy program, whose bytes go to `section`. */
  addCopied(
    header: FileHeader,
    size: number,
    source: Checksum,
    steps: readonly CopyStep[],
    section: 'delta' | 'incompressible',
  ): void {
    const id = this.#open(header, size, source);
    let hasSource = true;
    for (const step of steps) {
      if (step.kind === 'copy') {
        if (!hasSource) this.#add({ kind: 'set-source', offset: id }, 'incompressible');
        this.#add({ kind: 'write', length: step.length, offset: step.offset });
      } else {
        if (hasSource) this.#add({ kind: 'unset-source' });
        const offset = this.section(section).append(step.bytes);
        this.#add({ kind: 'write', length: step.bytes.length, offset }, section);
      }
      hasSource = step.kind === 'copy';
    }
    this.#add({ kind: 'close' });
  }

  section(name: BlobClass): ByteSection {
    const known = this.#sections.get(name);
    if (known !== undefined) return known;
    const section = new ByteSection(this.#capacity);
    this.#sections.set(name, section);
    return section;
  }

  /** The sections share the memory of this assembly. */
  finish(): PartContent {
    // Clients fail to make an empty file of a blob that has no bytes at all.
    if (this.#sections.size > 0 && this.#blobSize() === 0) this.section('plain').append(Buffer.alloc(1));
    const bases = new Map<BlobClass, number>();
    const blob: PartSection[] = [];
    let size = 0;
    for (const name of BLOB_CLASSES) {
      const bytes = this.#sections.get(name)?.bytes;
      if (bytes === undefined || bytes.length === 0) continue;
      bases.set(name, size);
      blob.push({ class: name, bytes });
      size += bytes.length;
    }
    const { head, tail } = framePayload(this.#tables.tables, size, this.#encodeOperations(bases));
    const sections: PartSection[] = [
      { class: 'tables', bytes: head },
      ...blob,
      { class: 'tables', bytes: tail },
    ];
    return {
      sections: sections.filter(({ bytes }) => bytes.length > 0),
      payloadSize: head.length + size + tail.length,
    };
  }

  #blobSize(): number {
    return [...this.#sections.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** Frees the memory of the sections. */
  free(): void {
    for (const section of this.#sections.values()) section.free();
  }

  /** Returns where the id of the source is in section `incompressible`. */
  #open(header: FileHeader, size: number, source: Checksum): number {
    const offset = this.section('incompressible').append(checksumToBytes(source));
    this.#add({ kind: 'open', ...this.#tables.add(header), size });
    this.#add({ kind: 'set-source', offset }, 'incompressible');
    return offset;
  }

  #add(operation: DeltaOperation, section?: BlobClass): void {
    this.#operations.push(section === undefined ? { operation } : { operation, section });
  }

  #encodeOperations(bases: ReadonlyMap<BlobClass, number>): Buffer {
    const writer = new OperationWriter();
    for (const { operation, section } of this.#operations) {
      const base = section === undefined ? 0 : (bases.get(section) ?? 0);
      writer.add('offset' in operation ? { ...operation, offset: operation.offset + base } : operation);
    }
    return writer.bytes();
  }
}
