/** Packs the payload of a part of a virtual delta by the fast encoder, or stored. */
import { freeNow } from '../../base/bytes.ts';
import { blockPieces, packSections } from '../static/build/pack-sections.ts';
import type { PartContent } from '../static/build/part-assembly.ts';
import { storedBlock } from '../xz/block.ts';
import { fastBlock } from '../xz/fast-block.ts';
import type { FastEncoder } from '../xz/fast-encoder.ts';

/**
 * The part file in pieces, each of which lasts until the next is requested: a pure function of the payload.
 * Without an encoder everything is stored. The memory of a section is freed when the encoder has taken it.
 */
export function packFast(content: PartContent, encoder: FastEncoder | undefined): Generator<Uint8Array> {
  return packSections(content, function* ({ class: name, bytes }) {
    if (encoder === undefined || name === 'incompressible') return yield* blockPieces(storedBlock(bytes));
    return yield* fastBlock(bytes, { x86: name === 'x86', encoder, release: () => freeNow(bytes) });
  });
}
