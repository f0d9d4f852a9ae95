/** The sizes of superblocks that clients accept: 10 MiB before 2023.4, 128 MiB since. */
import { formatByteSize } from '../../../base/byte-size.ts';
import { TreeportError, type Warn } from '../../../base/errors.ts';
import { MAX_METADATA_BYTES } from '../../../ostree/limits.ts';

const OLD_CLIENTS_BYTES = 10 * 1024 * 1024;

/** ERR_DELTA_TOO_LARGE if no client takes it; `warn` gets a line if old ones do not. */
export function checkSuperblockSize(bytes: number, warn: Warn): void {
  const what = `the superblock of the delta has ${formatByteSize(bytes)}`;
  if (bytes > MAX_METADATA_BYTES)
    throw new TreeportError(
      'ERR_DELTA_TOO_LARGE',
      `${what}, but ostree clients accept at most 128 MiB; generate it without --inline, or offline with --filename`,
    );
  if (bytes > OLD_CLIENTS_BYTES) warn(`${what}: ostree clients before 2023.4 accept at most 10 MiB`);
}
