/** Copies single files from one repository into another. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { messageOf, TreeportError } from '../base/errors.ts';
import { type BeneathOptions, type OpenedFile, openBeneath } from '../base/open-beneath.ts';

/** Copies the file at `path` beneath `from` to the same path beneath `to`, if there is one. */
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

function openSource(from: string, path: string, options?: BeneathOptions): OpenedFile | undefined {
  try {
    return openBeneath(from, path, options);
  } catch (error) {
    if (error instanceof TreeportError) throw error;
    const message = `cannot read ${join(from, path)}: ${messageOf(error)}`;
    throw new TreeportError('ERR_IO', message, { cause: error });
  }
}
