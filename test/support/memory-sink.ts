/** A sink in memory that verifies as every sink must, for tests of modules that write into one. */
import { collect } from '../../src/base/bytes.ts';
import { TreeportError } from '../../src/base/errors.ts';
import { isSymlink } from '../../src/ostree/file-header.ts';
import { formatObjectName } from '../../src/ostree/object-name.ts';
import type { ContentObject } from '../../src/ostree/object-source.ts';
import { fileChecksum, verifyContent, verifyMetadata } from '../../src/ostree/verify.ts';
import type { ReadableSink } from '../../src/tar/needed-objects.ts';

export type MemorySink = ReadableSink & {
  /** Names in the order in which they were written. */
  readonly written: readonly string[];
  readonly metadataBytes: ReadonlyMap<string, Buffer>;
  readonly contents: ReadonlyMap<string, ContentObject>;
};

/** `present`: objects of the repository behind the sink. */
export function memorySink(present: ReadonlyMap<string, Buffer> = new Map()): MemorySink {
  const metadataBytes = new Map<string, Buffer>();
  const contents = new Map<string, ContentObject>();
  const written: string[] = [];
  const put = (name: string, bytes: Uint8Array) => {
    written.push(name);
    metadataBytes.set(name, Buffer.from(bytes));
  };
  return {
    written,
    metadataBytes,
    contents,
    has: async (name) => {
      const text = formatObjectName(name);
      return metadataBytes.has(text) || contents.has(name.checksum) || present.has(text);
    },
    metadata: async (type, checksum, bytes) => {
      verifyMetadata(type, checksum, bytes);
      put(formatObjectName({ type, checksum }), bytes);
    },
    detachedMetadata: async (commit, bytes) => put(`${commit}.commitmeta`, bytes),
    content: async (checksum, { header, stream }) => {
      const data = await collect(stream());
      const object: ContentObject = {
        header,
        size: isSymlink(header) ? 0 : data.length,
        stream: async function* () {
          yield data;
        },
      };
      const id = checksum ?? (await fileChecksum(object));
      await verifyContent(object, id);
      written.push(`${id}.file`);
      contents.set(id, object);
      return id;
    },
    settle: async () => {},
    load: (type, checksum) => {
      const name = formatObjectName({ type, checksum });
      const bytes = metadataBytes.get(name) ?? present.get(name);
      if (bytes === undefined) throw new TreeportError('ERR_OBJECT_MISSING', `no ${name}`);
      return bytes;
    },
  };
}
