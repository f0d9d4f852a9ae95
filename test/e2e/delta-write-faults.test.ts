/**
 * A disk that fails while deltas are generated and maintained: the run ends in one coded line, what a client
 * sees is whole, and the next run finishes. DELTA_FAULTS makes more of the calls fail.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { serializeSummary } from '../../src/ostree/summary.ts';
import { buildSummary } from '../../src/ostree/summary-build.ts';
import { writeDeltaTrees } from '../support/delta-trees.ts';
import { unlessInstalled } from '../support/programs.ts';
import { ROOT } from '../support/project.ts';
import { faultsLibrary } from '../support/write-faults.ts';
import type { PublishAttempt, PublisherJob } from './support/faulty-publisher.ts';
import { must } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const MORE = Number(process.env.DELTA_FAULTS ?? 1);
const PUBLISHER = join(ROOT, 'test/e2e/support/faulty-publisher.ts');

const INJECTIONS: readonly Pick<PublisherJob, 'kind' | 'errors' | 'most'>[] = [
  { kind: 'writes', errors: ['EIO', 'ENOSPC', 'short'], most: 5 * MORE },
  { kind: 'names', errors: ['EIO', 'ENOSPC'], most: 4 * MORE },
  { kind: 'syncs', errors: ['EIO'], most: 2 * MORE },
];

for (const verb of ['generate', 'maintain'] as const) {
  for (const faults of INJECTIONS) {
    test(`delta ${verb} with failing ${faults.kind}`, { skip: unlessInstalled('cc') }, async (t) => {
      const folder = await tempDir(t);
      const { repo, from, to } = await writeDeltaTrees(join(folder, 'repo'));
      const summary = await buildSummary(await openRepository(repo.path));
      await writeFile(join(repo.path, 'summary'), serializeSummary(summary));
      const job: PublisherJob = { verb, folder, source: repo.path, from, to, ...faults };
      const env = { LD_PRELOAD: await faultsLibrary() };
      const output = await must([process.execPath, PUBLISHER, JSON.stringify(job)], { env });
      const attempts = output.split('\n').map((line) => JSON.parse(line) as PublishAttempt);
      assert.ok(attempts.length >= faults.most / 2, `only ${attempts.length} calls`);
      assert.ok(attempts.some(({ outcome }) => outcome.startsWith('ERR_')));
      for (const { error, call, outcome, found, next, foundNext, deltasNext, left } of attempts) {
        const where = `${error} in ${call}: ${outcome}`;
        const allowed = error === 'short' ? /^published$/ : /^(published|ERR_(IO|DISK_FULL) [^\n]+)$/;
        assert.match(outcome, allowed, where);
        assert.equal(found, 'sound', where);
        assert.equal(next, 'published', where);
        assert.equal(foundNext, 'sound', where);
        assert.equal(deltasNext, 1, where);
        assert.deepEqual(left, [], where);
      }
    });
  }
}
