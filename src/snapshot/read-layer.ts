/**
 * Reads the objects of one layer of a snapshot: a layer of the encapsulated commit, or files of the published
 * repo. Objects are not verified; the sink they go into does that.
 */
import { collectSized } from '../base/bytes.ts';
import type { ObjectLayer } from '../mirror/carried/object-list.ts';
import { MIRROR_HOME, PUBLISHED_REPO } from '../mirror/layout.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { archiveHeaderLength } from '../ostree/file-header.ts';
import { MAX_METADATA_BYTES } from '../ostree/limits.ts';
import { isHashedMetadata, parseLoosePath } from '../ostree/object-name.ts';
import { archiveObject } from '../ostree/repo/archive.ts';
import { entryFault } from '../tar/object-entry.ts';
import { type ReadEntry, readEntries } from '../tar/read-entries.ts';
import { readObjects, type TarObject } from '../tar/read-objects.ts';

const OBJECTS = `${MIRROR_HOME}/${PUBLISHED_REPO}/objects/`;
/** Archive files up to this size are read whole. */
const WHOLE_BYTES = 1024 * 1024;

/** ERR_TAR, ERR_TAR_OBJECT, ERR_OBJECT_CORRUPT, the errors of the stream. */
export function readObjectLayer(
  kind: ObjectLayer['kind'],
  tar: AsyncIterable<Uint8Array>,
): AsyncGenerator<TarObject> {
  return kind === 'os' ? readObjects(tar, { verify: false }) : publishedObjects(tar);
}

/** A content object's stream can be read once, before the next object is requested. */
async function* publishedObjects(tar: AsyncIterable<Uint8Array>): AsyncGenerator<TarObject> {
  for await (const entry of readEntries(tar)) {
    if (entry.type !== 'file' || !entry.path.startsWith(OBJECTS)) continue;
    const name = parseLoosePath(entry.path.slice(OBJECTS.length));
    if (name === undefined) continue;
    const { checksum, extension } = name;
    if (extension === 'filez') yield await content(entry, checksum);
    else if (isHashedMetadata(extension) || extension === 'commitmeta')
      yield {
        kind: 'metadata',
        header: entry.header,
        type: extension,
        checksum,
        bytes: await readMetadataEntry(entry),
      };
  }
}

/** The bytes of a metadata object in a published repo; ERR_TAR_OBJECT if it is too large. */
export async function readMetadataEntry({ path, size, data }: ReadEntry): Promise<Buffer> {
  if (size > MAX_METADATA_BYTES)
    throw entryFault(path, `it has ${size} bytes; more than ${MAX_METADATA_BYTES} are not accepted`);
  return collectSized(data, size);
}

async function content({ header: at, size, data }: ReadEntry, checksum: Checksum): Promise<TarObject> {
  const name = `${checksum}.filez`;
  if (size <= WHOLE_BYTES) {
    const bytes = await collectSized(data, size);
    return {
      kind: 'content',
      header: at,
      checksum,
      object: archiveObject({ bytes, complete: true }, name, (from) => once(bytes.subarray(from))),
    };
  }
  const input = new Rest(data);
  const prefix = await input.take(PREFIX_BYTES);
  const header = await input.take(archiveHeaderLength(prefix, `object ${name}`) - PREFIX_BYTES);
  const start = { bytes: Buffer.concat([prefix, header]), complete: false };
  return { kind: 'content', header: at, checksum, object: archiveObject(start, name, () => input.rest()) };
}

const PREFIX_BYTES = 8;

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** A stream whose start is taken off. */
class Rest {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #left: Buffer = Buffer.alloc(0);

  constructor(data: AsyncIterable<Uint8Array>) {
    this.#pieces = data[Symbol.asyncIterator]();
  }

  /** Fewer bytes at the end of the stream. */
  async take(length: number): Promise<Buffer> {
    while (this.#left.length < length) {
      const next = await this.#pieces.next();
      if (next.done === true) break;
      this.#left = Buffer.concat([this.#left, next.value]);
    }
    const taken = this.#left.subarray(0, length);
    this.#left = this.#left.subarray(length);
    return taken;
  }

  async *rest(): AsyncGenerator<Uint8Array> {
    if (this.#left.length > 0) yield this.#left;
    for (let next = await this.#pieces.next(); next.done !== true; next = await this.#pieces.next())
      yield next.value;
  }
}
