/** Imports the stream in a file and says how that ended and how much memory it took: FILE REPOSITORY. */
import { createReadStream } from 'node:fs';
import { isTreeportError } from '../../src/base/errors.ts';
import { importTar } from '../../src/container/import/import-tar.ts';
import { fsck } from '../../src/fsck/fsck.ts';
import { decompress } from '../../src/oci/read/decompress.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';

const [file = '', repo = ''] = process.argv.slice(2);

async function outcome(): Promise<string> {
  try {
    await importTar(decompress(createReadStream(file)), { repo });
    const { faults } = await fsck(await openRepository(repo), { threads: 1 });
    return faults[0]?.message ?? 'done';
  } catch (error) {
    if (isTreeportError(error) && error.code !== 'ERR_INTERNAL') return error.code;
    throw error;
  }
}

const ended = await outcome();
process.stdout.write(JSON.stringify({ ended, peakMB: Math.round(process.resourceUsage().maxRSS / 1000) }));
