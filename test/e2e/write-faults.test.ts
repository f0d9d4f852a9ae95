/**
 * A disk that fails at every write of an import, once each: nothing of it may be in what is imported next.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { WritableMode } from '../../src/native/ostree/repository.ts';
import type { TreeDirectory, TreeNode } from '../../src/ostree/commit-tree.ts';
import { commitToArchive, type SourceCommit, unlessLibostree } from '../support/libostree.ts';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { ROOT } from '../support/project.ts';
import { faultsLibrary } from '../support/write-faults.ts';
import type { Attempt, FaultyJob } from './support/faulty-importer.ts';
import { must } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessLibostree() || unlessInstalled('ostree', 'cc');
const MODES: readonly WritableMode[] = ['archive', 'bare', 'bare-user', 'bare-user-only'];
const IMPORTER = join(ROOT, 'test/e2e/support/faulty-importer.ts');
/** Two pieces. */
const LARGE_BYTES = 5 * 1024 * 1024;

function smallTree(): TreeDirectory {
  const entries = new Map<string, TreeNode>([
    ['large', { kind: 'file', mode: 0o644, content: Buffer.alloc(LARGE_BYTES, 'a large file ') }],
    ['small', { kind: 'file', mode: 0o755, content: '#!/bin/sh\n' }],
    ['link', { kind: 'symlink', target: 'small' }],
  ]);
  return { kind: 'directory', mode: 0o755, entries };
}

type Found = { readonly source: SourceCommit; readonly attempts: readonly Attempt[] };

/** Imports with each of the calls failing in turn. */
async function importWithFaults(
  t: TestContext,
  faults: Omit<FaultyJob, 'folder' | 'source' | 'commit'>,
): Promise<Found> {
  const folder = await tempDir(t);
  const source = await commitToArchive(folder, smallTree());
  const job: FaultyJob = { folder, source: source.repo.path, commit: source.commit, ...faults };
  const env = { LD_PRELOAD: await faultsLibrary() };
  const output = await must([process.execPath, IMPORTER, JSON.stringify(job)], { env });
  const attempts = output.split('\n').map((line) => JSON.parse(line) as Attempt);
  return { source, attempts };
}

/**
 * Whatever happened in an import, no ref is there too early, and the next one must succeed, and all be sound.
 */
async function assertSound(attempt: Attempt, source: SourceCommit) {
  const { repo, error, call, outcome, hasRef, isPartial, next } = attempt;
  const where = `${error} in ${call}: ${outcome}`;
  assert.ok(!hasRef || !isPartial, `the ref of a partial commit after ${where}`);
  assert.match(outcome, /^(imported|ERR_(IO|DISK_FULL|LIBOSTREE) [^\n]+)$/, where);
  assert.equal(next, 'imported', where);
  await assert.doesNotReject(must(['ostree', `--repo=${repo}`, 'fsck', '--quiet']), where);
  assert.equal(readFileSync(join(repo, 'refs/heads/os'), 'utf8').trim(), source.commit, where);
  assert.deepEqual(
    readdirSync(join(repo, 'tmp')).filter((name) => name.startsWith('treeport')),
    [],
  );
}

const INJECTIONS: readonly Pick<FaultyJob, 'kind' | 'errors' | 'most'>[] = [
  { kind: 'writes', errors: ['EIO', 'ENOSPC', 'short'], most: 16 },
  { kind: 'names', errors: ['EIO', 'ENOSPC'], most: 8 },
  { kind: 'syncs', errors: ['EIO'], most: 6 },
];

for (const mode of MODES) {
  const needsRoot = mode === 'bare' && unlessRoot();
  for (const faults of INJECTIONS) {
    test(`an import with failing ${faults.kind} in mode ${mode}`, { skip: skip || needsRoot }, async (t) => {
      const { source, attempts } = await importWithFaults(t, { mode, ...faults });
      assert.ok(attempts.length >= faults.most / 2, `only ${attempts.length} calls`);
      for (const attempt of attempts) await assertSound(attempt, source);
      if (faults.kind !== 'syncs') return;
      const failed = attempts.filter(({ call }) => call.startsWith('syncfs'));
      assert.equal(failed.length, 2, 'one sync before and one after the objects get their names');
      for (const { outcome, hasRef } of failed) assert.ok(/^ERR_IO /.test(outcome) && !hasRef, outcome);
    });
  }
}

test('an import with failing removals', { skip }, async (t) => {
  const faults = { mode: 'archive', kind: 'removals', errors: ['EIO'], most: 8 } as const;
  const { source, attempts } = await importWithFaults(t, faults);
  assert.ok(
    attempts.some(({ isPartial }) => isPartial),
    'the mark of the commit could not be removed',
  );
  for (const attempt of attempts) await assertSound(attempt, source);
});

test('a file system on which files share blocks, as btrfs and xfs do', { skip }, async (t) => {
  const faults = { mode: 'bare-user', kind: 'syncs', errors: ['EIO'], most: 2, clones: true } as const;
  const { source, attempts } = await importWithFaults(t, faults);
  for (const attempt of attempts) await assertSound(attempt, source);
});
