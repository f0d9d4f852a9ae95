/** Progress events of an import; `--json` prints each as one line. */
import type { Digest } from '../../oci/model/descriptor.ts';
import type { Checksum } from '../../ostree/checksum.ts';

export type LayerState = 'cached' | 'fetching' | 'fetched';

export type ImportEvent =
  /** The commit is known, and its signatures are verified if required. */
  | {
      readonly event: 'commit';
      readonly commit: Checksum;
      /** Number of layers of the commit, including the ostree layer. */
      readonly layers: number;
      /** Number of derived layers, which are not imported. */
      readonly derived: number;
    }
  /** `cached`: the repository had the layer's content. `fetched`: it has it now. */
  | {
      readonly event: 'layer';
      readonly state: LayerState;
      /** Position in the manifest, from 0. */
      readonly index: number;
      readonly digest: Digest;
      /** Bytes of the blob. */
      readonly size: number;
    }
  /** Bytes of the layers' blobs so far, including cached layers, and in total. */
  | { readonly event: 'progress'; readonly bytes: number; readonly total?: number };
