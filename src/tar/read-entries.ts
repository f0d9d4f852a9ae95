/**
 * Reads the entries of a tar stream one after the other, streaming. On top of what tar-stream does: faults of the
 * format are coded (ERR_TAR), PAX owners are honoured, and a stream that was cut off between two entries is a
 * fault too, for an archive ends with zeros.
 */
import { extract as createExtract, type Header } from 'tar-stream';
import { TarFeed } from './feed.ts';

export type ReadEntry = {
  readonly path: string;
  /** Null: a type that tar-stream does not know. */
  readonly type: Header['type'] | null;
  readonly mode: number;
  /** As the header says: not a number if it says nonsense. */
  readonly uid: number;
  readonly gid: number;
  /** Bytes of data. */
  readonly size: number;
  /** Where a link points; empty for others. */
  readonly target: string;
  /** The data, to be read once; what is not read before the next entry is asked for is skipped. */
  readonly data: AsyncIterable<Buffer>;
};

/** What tar-stream hands out; its type declarations are less exact. */
type RawHeader = Omit<Header, 'type' | 'linkname' | 'pax'> & {
  readonly type: Header['type'] | null;
  readonly linkname: string | null;
  readonly pax: Readonly<Record<string, string>> | null;
  readonly byteOffset: number;
};

/**
 * Yields the entries of an uncompressed tar stream, and closes the stream when the consumer stops. Errors of the
 * stream itself are thrown as they are.
 */
export async function* readEntries(tar: AsyncIterable<Uint8Array>): AsyncGenerator<ReadEntry> {
  const extract = createExtract();
  const feed = new TarFeed(extract);
  const fed = feed.run(tar);
  try {
    for await (const entry of extract) {
      const header = entry.header as unknown as RawHeader;
      // tar-stream would wait for ever for the data of an entry whose size is nonsense.
      if (!Number.isSafeInteger(header.size)) throw new Error('the size of an entry is not a number');
      feed.entryAt(header.byteOffset, header.size);
      // tar-stream takes a directory to have no data, whatever its size says.
      const data = header.size === 0 || header.type === 'directory' ? noData() : dataOf(entry, feed);
      yield { ...readHeader(header), data };
      for await (const _skipped of data);
    }
    await fed;
    feed.checkEnd();
  } catch (error) {
    throw feed.fault(error);
  } finally {
    extract.destroy();
    await fed;
  }
}

function readHeader({ name, linkname, pax, ...header }: RawHeader): Omit<ReadEntry, 'data'> {
  const { type, mode, uid, gid, size } = header;
  return {
    path: name,
    type,
    mode,
    uid: pax?.uid === undefined ? uid : Number(pax.uid),
    gid: pax?.gid === undefined ? gid : Number(pax.gid),
    size,
    target: linkname ?? '',
  };
}

async function* noData(): AsyncGenerator<Buffer> {}

/** An iterator that may be left and taken up again: leaving tar-stream's own would end the whole archive. */
function dataOf(entry: AsyncIterable<unknown>, feed: TarFeed): AsyncIterableIterator<Buffer> {
  const pieces = entry[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  return {
    next: () =>
      pieces.next().catch((error: unknown) => {
        throw feed.fault(error);
      }),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
