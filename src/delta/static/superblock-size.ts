/** The sizes of superblocks that ostree clients accept: 10 MiB before 2023.4, 128 MiB since. */
import { formatByteSize } from '../../base/byte-size.ts';
import { TreeportError, type Warn } from '../../base/errors.ts';
import { MAX_METADATA_BYTES } from '../../ostree/limits.ts';

const OLD_CLIENTS_BYTES = 10 * 1024 * 1024;

/** ERR_DELTA_TOO_LARGE. `what` says which superblock is larger. */
export function superblockTooLarge(what: string, cause?: unknown): TreeportError {
  return new TreeportError(
    'ERR_DELTA_TOO_LARGE',
    `${what} than ostree clients accept (10 MiB before 2023.4, 128 MiB since); generate the delta without --inline, or offline with --filename`,
    { cause },
  );
}

/** ERR_DELTA_TOO_LARGE if no client takes it; `warn` gets a line if old ones do not. */
export function checkSuperblockSize(bytes: number, warn: Warn): void {
  const size = formatByteSize(bytes);
  if (bytes > MAX_METADATA_BYTES)
    throw superblockTooLarge(`the superblock of the delta has ${size}, which is more`);
  if (bytes > OLD_CLIENTS_BYTES)
    warn(`the superblock of the delta has ${size}: ostree clients before 2023.4 accept at most 10 MiB`);
}
