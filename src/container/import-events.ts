/** What an import of an image tells while it goes on; `--json` prints each as one line. */
import type { Digest } from '../oci/descriptor.ts';
import type { Checksum } from '../ostree/checksum.ts';

export type LayerState = 'cached' | 'fetching' | 'fetched';

export type ImportEvent =
  /** The commit is known, and its signatures are verified where that is demanded. */
  | {
      readonly event: 'commit';
      readonly commit: Checksum;
      /** Layers of the commit, the ostree layer among them. */
      readonly layers: number;
      /** Layers on top, which are left out. */
      readonly derived: number;
    }
  /** `cached`: what is in the layer is in the repository already. `fetched`: it is now. */
  | {
      readonly event: 'layer';
      readonly state: LayerState;
      /** Position in the manifest, from 0. */
      readonly index: number;
      readonly digest: Digest;
      /** Bytes of the blob. */
      readonly size: number;
    }
  /** Bytes of tar read so far, of all layers together. */
  | { readonly event: 'progress'; readonly bytes: number };

/** Counts the bytes of several streams that are read at the same time. */
export class TarCounter {
  readonly #onEvent: ((event: ImportEvent) => void) | undefined;
  #bytes = 0;

  constructor(onEvent: ((event: ImportEvent) => void) | undefined) {
    this.#onEvent = onEvent;
  }

  async *count<Piece extends Uint8Array>(stream: AsyncIterable<Piece>): AsyncGenerator<Piece> {
    for await (const piece of stream) {
      this.#bytes += piece.length;
      this.#onEvent?.({ event: 'progress', bytes: this.#bytes });
      yield piece;
    }
  }
}
