/** Raw deflate streams (RFC 1951), as archive objects hold them, with their faults named. */
import { Readable, pipeline } from 'node:stream';
import { createInflateRaw, inflateRawSync } from 'node:zlib';
import { messageOf, TreeportError } from '../base/errors.ts';

/** Inflates in one call; more than `maxBytes` of output is taken for corruption. */
export async function* inflateSmall(bytes: Buffer, maxBytes: number, name: string): AsyncGenerator<Buffer> {
  try {
    yield inflateRawSync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    throw deflateFault(error, name);
  }
}

/** Inflates a stream piece by piece. */
export async function* inflate(pieces: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Buffer> {
  const output = createInflateRaw({ chunkSize: 256 * 1024 });
  // The error reaches the consumer through `output`, which pipeline destroys with it.
  pipeline(Readable.from(pieces, { objectMode: false }), output, () => {});
  try {
    for await (const piece of output) yield piece;
  } catch (error) {
    throw deflateFault(error, name);
  }
}

function deflateFault(error: unknown, name: string): unknown {
  if (error instanceof TreeportError) return error;
  return new TreeportError('ERR_OBJECT_CORRUPT', `object ${name} is corrupt: its compressed bytes do not inflate (${messageOf(error)})`, {
    cause: error,
  });
}
