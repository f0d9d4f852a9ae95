/**
 * Checks a repository, as the command does it, and says how many faults it has and how much memory that took:
 * REPOSITORY.
 */
import { keepYoungGenerationSmall } from '../../src/cli/gc-flags.ts';
import { fsck } from '../../src/fsck/fsck.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';

await keepYoungGenerationSmall();
const [repo = ''] = process.argv.slice(2);
const { counts } = await fsck(await openRepository(repo));
process.stdout.write(JSON.stringify({ counts, peakMB: Math.round(process.resourceUsage().maxRSS / 1000) }));
