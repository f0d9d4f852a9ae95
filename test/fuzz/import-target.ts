/**
 * Importing tar streams into a repository, on libostree's threads. A refused stream leaves nothing that can be seen; no
 * stream leaves anything outside of the repository.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { importTar } from '../../src/container/import-tar.ts';
import { LibostreeRepo } from '../../src/libostree/repository.ts';
import { listHeads } from '../../src/ostree/refs.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { must } from '../e2e/support/run.ts';
import { FIXTURE_COMMIT } from '../support/ostree-fixture.ts';
import { inPieces } from '../support/tar-streams.ts';
import { ESCAPED, mutateTar } from './tar-mutations.ts';
import { soundStreams } from './tar-target.ts';
import { type OpenTarget, outcomeOf } from './target.ts';

const REF = 'fuzz';
/** A repository is used for this many streams, unless one is imported. */
const CASES_PER_REPO = 20;

export const openImportTarget: OpenTarget = async (folder) => {
  await mkdir(folder, { recursive: true });
  const streams = await soundStreams(folder);
  const repo = join(folder, 'repo');
  const canary = join(folder, 'canary');
  writeFileSync(canary, 'untouched');
  const around = new Set([...readdirSync(folder), 'repo']);
  const used = { cases: CASES_PER_REPO };

  return {
    async runCase(random) {
      if (used.cases >= CASES_PER_REPO) renew(repo);
      used.cases = used.cases >= CASES_PER_REPO ? 1 : used.cases + 1;
      const bytes = mutateTar(random.pick(streams), random);
      const allowExtra = random.below(2) === 0;
      const pieces = inPieces(bytes, 1 + random.below(70_000));
      const outcome = await outcomeOf(
        () => importTar(pieces, { repo, writeRef: REF, allowExtra }),
        ['ERR_TAR', 'ERR_TAR_OBJECT', 'ERR_OBJECT_CORRUPT', 'ERR_OBJECT_MISSING', 'ERR_OBJECT_STRAY'],
      );
      await checkRepo(repo, outcome === 'done');
      if (outcome === 'done') used.cases = CASES_PER_REPO;
      assert.deepEqual(new Set(readdirSync(folder)), around);
      assert.equal(readFileSync(canary, 'utf8'), 'untouched');
      assert.ok(!existsSync(ESCAPED), `${ESCAPED} was written`);
      return outcome;
    },
    close: async () => {
      await must(['ostree', `--repo=${repo}`, 'fsck', '--quiet']);
    },
  };
};

function renew(repo: string): void {
  rmSync(repo, { recursive: true, force: true });
  LibostreeRepo.create(repo, 'bare-user').close();
}

/** What can be seen is the whole commit of the sound stream, or nothing. */
async function checkRepo(path: string, imported: boolean): Promise<void> {
  const repo = await openRepository(path);
  assert.deepEqual([...(await listHeads(repo))], imported ? [[REF, FIXTURE_COMMIT]] : []);
  for await (const { type, checksum } of repo.objects.list()) {
    if (type === 'commit') assert.ok(imported, `the commit ${checksum} of a refused stream`);
  }
}
