/** What an import of an image tells while it goes on; `--json` prints each as one line. */
import type { Digest } from '../../oci/model/descriptor.ts';
import type { Checksum } from '../../ostree/checksum.ts';

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
  /** Bytes of the layers' blobs that were read, with those of cached layers, and of all layers of the commit. */
  | { readonly event: 'progress'; readonly bytes: number; readonly total?: number };
