/** Compression of one run of bytes to LZMA2, piece by piece: the bytes are those of {@link encodeLzma2}. */
import { type FilterChain, foreignChain } from './filter-chain.ts';
import { liblzma } from './liblzma.ts';
import { LZMA, lzmaError } from './status.ts';
import { outputLeft, STREAM_BYTES, setInput, setOutput } from './stream.ts';

const FINISH = 3;

/**
 * The compressed form of `input`, in pieces of `memory.length` bytes; each overwrites the one before. Blocks
 * the thread while a piece is made. Input that cannot be compressed grows by three bytes in 64 KiB.
 */
export function* encodeLzma2Pieces(
  input: Uint8Array,
  chain: FilterChain,
  memory: Uint8Array,
): Generator<Uint8Array> {
  const stream = Buffer.alloc(STREAM_BYTES);
  const code = (status: number) => {
    if (status !== LZMA.ok && status !== LZMA.streamEnd)
      throw lzmaError('an xz block cannot be made', status);
    return status;
  };
  code(liblzma().rawEncoder(stream, foreignChain(chain)));
  try {
    setInput(stream, input);
    for (let status: number = LZMA.ok; status === LZMA.ok; ) {
      setOutput(stream, memory);
      status = code(liblzma().code(stream, FINISH));
      yield memory.subarray(0, memory.length - outputLeft(stream));
    }
  } finally {
    liblzma().end(stream);
  }
}
