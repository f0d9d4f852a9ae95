import assert from 'node:assert/strict';
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { Checksum } from '../../src/ostree/checksum.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { loadCommit } from '../../src/ostree/revision.ts';
import { walkTree } from '../../src/ostree/walk.ts';
import { must, mustTreeport, treeport } from '../e2e/support/run.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import {
  FIXTURE_COMMIT,
  FIXTURE_REF,
  FIXTURE_UPDATE_COMMIT,
  fixtureObject,
  updateOstreeFixture,
  writeOstreeFixture,
} from '../support/ostree-fixture.ts';
import { unlessInstalled } from '../support/programs.ts';

const BASH = fixtureObject('/usr/bin/bash');

async function fails(words: string, start: string, end: string): Promise<void> {
  const { stderr } = await treeport(words.split(' '));
  const message = stderr.trimEnd().split('\n').at(-1) ?? '';
  assert.ok(message.startsWith(`treeport: ${start}`), stderr);
  assert.ok(message.endsWith(end), stderr);
}

function nextStep(path: string, repo: string): string {
  return `; ${path} uses it; \`treeport repo fsck --repo ${repo}\` lists all bad objects`;
}

test('an error about an object gives a path that uses it, and the next command', async (t) => {
  const folder = await tempDir(t);
  const repo = join(folder, 'repo');
  await writeOstreeFixture(repo);
  const object = join(repo, loosePath(BASH, 'filez'));
  const verbs = [
    `container encapsulate --repo ${repo} ${FIXTURE_REF} oci:${folder}/image`,
    `tar export --repo ${repo} --output ${folder}/tar ${FIXTURE_REF}`,
    `mirror build --quiet --compression gzip:1 --repo ${repo} ${FIXTURE_REF} oci:${folder}/mirror`,
    `snapshot create --quiet --compression gzip:1 --repo ${repo} oci:${folder}/snapshot`,
    `delta generate --empty --repo ${repo} ${FIXTURE_REF}`,
  ];
  const end = nextStep('/usr/bin/bash', repo);
  writeFileSync(object, 'x'.repeat(50));
  for (const words of [...verbs, `repo export --repo ${repo} ${folder}/export`])
    await fails(words, `ERR_OBJECT_CORRUPT: object ${BASH}.file`, end);
  rmSync(object);
  for (const words of verbs) await fails(words, `ERR_OBJECT_MISSING: object ${BASH}.file`, end);
});

test('an object of a commit that the work is not about is found as well', async (t) => {
  const repo = join(await tempDir(t), 'repo');
  const fixture = await writeOstreeFixture(repo);
  await updateOstreeFixture(fixture);
  const object = join(repo, loosePath(BASH, 'filez'));
  writeFileSync(object, 'x'.repeat(50));
  // Only the parent of the ref's commit has it.
  await fails(
    `repo export --repo ${repo} ${repo}-export`,
    `ERR_OBJECT_CORRUPT: object ${BASH}.file`,
    nextStep('/usr/bin/bash', repo),
  );
});

/** The dirtree of a directory of a commit. */
async function dirtreeAt(path: string, commit: Checksum, where: string): Promise<Checksum> {
  const repo = await openRepository(path);
  const { rootTree, rootMeta } = await loadCommit(repo, commit);
  for await (const visit of walkTree(repo.objects, { tree: rootTree, meta: rootMeta }))
    if (visit.kind === 'directory' && visit.path === where) return visit.tree;
  return assert.fail(where);
}

test('verbs of deltas name the path in the commit that the delta starts from', async (t) => {
  const folder = await tempDir(t);
  const repo = join(folder, 'repo');
  await updateOstreeFixture(await writeOstreeFixture(repo));
  await mustTreeport(['delta', 'generate', '--quiet', '--repo', repo, FIXTURE_REF]);
  const tree = await dirtreeAt(repo, FIXTURE_COMMIT, '/usr/bin');
  rmSync(join(repo, loosePath(tree, 'dirtree')));
  const policy = join(folder, 'policy');
  writeFileSync(policy, '[deltas]\nminimum-saving=0\n[refs "**"]\nfrom-last=1\n');
  const end = nextStep('/usr/bin', repo);
  for (const verb of ['apply', 'verify'])
    await fails(
      `delta ${verb} --repo ${repo} ${FIXTURE_COMMIT}-${FIXTURE_UPDATE_COMMIT}`,
      `ERR_DELTA_BASE: the delta starts from commit ${FIXTURE_COMMIT}`,
      end,
    );
  await fails(
    `delta generate --repo ${repo} ${FIXTURE_REF}`,
    `ERR_OBJECT_MISSING: object ${tree}.dirtree`,
    end,
  );
  rmSync(join(repo, 'deltas'), { recursive: true });
  rmSync(join(repo, 'delta-indexes'), { recursive: true });
  await fails(
    `delta maintain --repo ${repo} --policy ${policy}`,
    `ERR_OBJECT_MISSING: object ${tree}.dirtree`,
    end,
  );
});

test('what fsck says next mends the repository', { skip: unlessInstalled('ostree') }, async (t) => {
  const folder = await tempDir(t);
  const [source, repo] = [join(folder, 'source'), join(folder, 'a repo')];
  await writeOstreeFixture(source);
  await must(['ostree', 'init', '--mode=bare-user', `--repo=${repo}`]);
  const pull = ['ostree', 'pull-local', '--untrusted', `--repo=${repo}`, source, FIXTURE_REF];
  await must(pull);
  appendFileSync(join(repo, loosePath(BASH, 'file')), 'x');
  const { stderr: warmed } = await treeport(['mirror', 'warm', '--repo', repo, '--cache-dir', `${folder}/c`]);
  assert.ok(warmed.endsWith(`${nextStep('/usr/bin/bash', `'${repo}'`)}\n`), warmed);
  rmSync(join(repo, loosePath(fixtureObject('/usr/bin/sh'), 'file')));
  const { stderr } = await treeport(['repo', 'fsck', '--repo', repo]);
  const [, command] =
    /; `(.*)` removes bad objects, then pull or import the commits again\n$/.exec(stderr) ?? [];
  assert.ok(command, stderr);
  // It fails, as fsck does that finds faults.
  await must(['sh', '-c', `${command} || true`]);
  await must(pull);
  await mustTreeport(['repo', 'fsck', '--repo', repo]);
});
