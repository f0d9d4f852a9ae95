/** A repository that hostile input is imported into, and what must hold afterwards. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LibostreeRepo } from '../../src/native/ostree/repository.ts';
import { listHeads } from '../../src/ostree/refs.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { must } from '../e2e/support/run.ts';
import { FIXTURE_COMMIT } from '../support/ostree-fixture.ts';
import { ESCAPED } from './tar-mutations.ts';

export const REF = 'fuzz';
const BLOB_REFS = 'ostree/container/blob/';
/** A repository is used for this many inputs, unless one is imported. */
const CASES_PER_REPO = 20;

export class RepoUnderFuzz {
  readonly path: string;
  readonly #folder: string;
  readonly #around: ReadonlySet<string>;
  #cases = CASES_PER_REPO;

  /** Lies in `folder` beside what is there already. */
  constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, 'repo');
    writeFileSync(join(folder, 'canary'), 'untouched');
    this.#around = new Set([...readdirSync(folder), 'repo']);
  }

  /** Before each case. */
  prepare(): void {
    if (this.#cases === CASES_PER_REPO) {
      rmSync(this.path, { recursive: true, force: true });
      LibostreeRepo.create(this.path, 'bare-user').close();
      this.#cases = 0;
    }
    this.#cases += 1;
  }

  /** After each: what can be seen is the whole commit of the sound input, or nothing but layers of it. */
  async check(imported: boolean): Promise<void> {
    const repo = await openRepository(this.path);
    const refs = [...(await listHeads(repo))];
    const blobs = new Map(refs.filter(([ref]) => ref.startsWith(BLOB_REFS)));
    const others = refs.filter(([ref]) => !blobs.has(ref));
    assert.deepEqual(others, imported ? [[REF, FIXTURE_COMMIT]] : []);
    for await (const { type, checksum } of repo.objects.list()) {
      if (type !== 'commit' || imported) continue;
      assert.ok([...blobs.values()].includes(checksum), `the commit ${checksum} of what was refused`);
    }
    assert.deepEqual(new Set(readdirSync(this.#folder)), this.#around);
    assert.equal(readFileSync(join(this.#folder, 'canary'), 'utf8'), 'untouched');
    assert.ok(!existsSync(ESCAPED), `${ESCAPED} was written`);
    if (imported) this.#cases = CASES_PER_REPO;
  }

  async close(): Promise<void> {
    await must(['ostree', `--repo=${this.path}`, 'fsck', '--quiet', '--all']);
  }
}
