/** Copies or reads single files of a repository. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { messageOf, TreeportError } from '../base/errors.ts';
import { type BeneathOptions, type OpenedFile, openBeneath, readBeneath } from '../base/open-beneath.ts';
import { MAX_METADATA_BYTES } from '../ostree/limits.ts';

/** Copies the file at `path` beneath `from` to the same path beneath `to`, if it exists. */
export async function copyFileIfThere(
  from: string,
  to: string,
  path: string,
  options?: BeneathOptions,
): Promise<void> {
  const file = openSource(from, path, options);
  if (file === undefined) return;
  const bytes = createReadStream('', { fd: file.fd, start: 0, highWaterMark: 1024 * 1024 });
  try {
    await writeFileAtomic(join(to, path), bytes);
  } finally {
    bytes.destroy();
  }
}

/**
 * Reads the file at `path` beneath `from`, which may be a link, if it exists; clients' size limit applies.
 */
export function readIfThere(from: string, path: string): Buffer | undefined {
  return readable(from, path, () =>
    readBeneath(from, path, { links: 'inside', maxBytes: MAX_METADATA_BYTES }),
  );
}

function openSource(from: string, path: string, options?: BeneathOptions): OpenedFile | undefined {
  return readable(from, path, () => openBeneath(from, path, options));
}

function readable<T>(from: string, path: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (error instanceof TreeportError) throw error;
    const message = `cannot read ${join(from, path)}: ${messageOf(error)}`;
    throw new TreeportError('ERR_IO', message, { cause: error });
  }
}
