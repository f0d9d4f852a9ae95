/** Options of making a snapshot. */
import type { Warn } from '../base/errors.ts';
import type { EncapsulateOptions } from '../container/encapsulate/encapsulate.ts';
import type { DeltaChoice } from '../mirror/delta-choice.ts';
import type { Publication } from '../mirror/published-refs.ts';
import type { RuntimeFor } from '../mirror/runtime/runtime.ts';
import type { StoredDelta } from '../mirror/stored-deltas.ts';
import type { Signer } from '../ostree/sign/signer.ts';
import type { RewrittenLayer } from './kept-layers.ts';
import type { Snapshot } from './open.ts';

export type SnapshotOptions = EncapsulateOptions & {
  readonly publication: Publication;
  readonly runtimeFor: RuntimeFor;
  /** The deltas to make, besides those of the repository. */
  readonly deltas: readonly DeltaChoice[];
  /** Sign the summary of the snapshot. */
  readonly summarySigners?: readonly Signer[];
  /** Plans the layers of the main commit; not called if those of `previous` are copied. */
  readonly planMain?: () => Promise<EncapsulateOptions>;
  /** The snapshot that this one continues. */
  readonly previous?: Snapshot;
  readonly warn: Warn;
  readonly onDelta?: (made: StoredDelta) => void;
  /** Receives the layers of the previous snapshot that are written again. */
  readonly onRewritten?: (layers: readonly RewrittenLayer[]) => void;
};
