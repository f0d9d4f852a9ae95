/** Checks a repository and says how many faults it has and how much memory that took: REPOSITORY. */
import { fsck } from '../../src/fsck/fsck.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';

const [repo = ''] = process.argv.slice(2);
const { counts } = await fsck(await openRepository(repo), { threads: 1 });
process.stdout.write(JSON.stringify({ counts, peakMB: Math.round(process.resourceUsage().maxRSS / 1000) }));
