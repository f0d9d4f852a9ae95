import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import {
  FIXTURE_DETACHED,
  FIXTURE_REF,
  updateOstreeFixture,
  writeOstreeFixture,
} from '../support/ostree-fixture.ts';
import { commitHistory, debianTree } from '../support/package-trees.ts';
import { unlessInstalled } from '../support/programs.ts';
import { assertValidOutput, schemaTitles } from '../support/schemas.ts';
import { must, mustTreeport, treeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

/** Runs verbs with `--json`, and remembers which. */
class Checker {
  readonly folder: string;
  readonly checked = new Set<string>();

  constructor(folder: string) {
    this.folder = folder;
  }

  words(text: string): readonly string[] {
    return text.replaceAll('@', this.folder).split(' ');
  }

  /** The validated document of `treeport VERB --json WORDS`; @ in the words is the folder. */
  async check(verb: string, words: string): Promise<unknown> {
    const output = await mustTreeport([...verb.split(' '), '--json', ...this.words(words)]);
    return this.validate(verb, output);
  }

  validate(verb: string, output: string): unknown {
    const documents = verb === 'container unencapsulate' ? output.trim().split('\n') : [output];
    for (const document of documents) assertValidOutput(verb, document);
    this.checked.add(`treeport ${verb} --json`);
    return JSON.parse(documents.at(-1) ?? '');
  }
}

const REPO = '--repo @/repo';
const COMMITS = `${FIXTURE_REF}^ ${FIXTURE_REF}`;

async function checkRepositories(checker: Checker): Promise<void> {
  await checker.check('repo refs', REPO);
  await checker.check('repo show', `${REPO} ${FIXTURE_REF}`);
  await checker.check('repo show', `${REPO} ${FIXTURE_REF}^`);
  await checker.check('repo log', `${REPO} ${FIXTURE_REF}`);
  await checker.check('repo fsck', REPO);
  const entries = (await checker.check('repo ls', `${REPO} -R ${FIXTURE_REF} / /usr/bin/bash`)) as {
    path: string;
    type: string;
  }[];
  assert.deepEqual(new Set(entries.map(({ type }) => type)), new Set(['directory', 'file', 'symlink']));
  assert.deepEqual(await checker.check('repo ls', `${REPO} -d ${FIXTURE_REF} /boot`), [
    entries.find(({ path }) => path === '/boot'),
  ]);
  await checker.check('diff', `${REPO} ${COMMITS}`);
}

async function checkPackages(checker: Checker): Promise<void> {
  const path = join(checker.folder, 'debian');
  const status = (version: string) =>
    `Package: bash\nStatus: install ok installed\nArchitecture: amd64\nInstalled-Size: 2\nVersion: ${version}\n`;
  const tree = (version: string) => ({
    'usr/lib/sysimage/dpkg/status': status(version),
    ...debianTree({ bash: ['/usr/bin/bash'] }, { 'usr/bin/bash': version }),
  });
  const [from, to] = await commitHistory(path, [tree('1'), tree('2')]);
  await checker.check('packages list', `--repo @/debian ${to}`);
  await checker.check('packages diff', `--repo @/debian ${from} ${to}`);
  await checker.check('packages owner', `--repo @/debian ${to} /usr/bin`);
  await checker.check('container simulate', `--repo @/debian ${from} ${to}`);
  await checker.check('container encapsulate', `--repo @/debian ${to} oci:@/none --dry-run`);
  await checker.check('container encapsulate', `--repo @/debian ${from} oci:@/before`);
  await checker.check(
    'container encapsulate',
    `--repo @/debian ${to} oci:@/after --compare-with-build oci:@/before`,
  );
  await checker.check('container compare', 'oci:@/before oci:@/after');
  await checker.check('container info', 'oci:@/after');
}

async function checkImages(checker: Checker): Promise<void> {
  await checker.check('mirror build', `${REPO} ${FIXTURE_REF} oci:@/image`);
  await checker.check('container info', '--commits oci:@/image');
  await checker.check('container index create', 'oci:@/image oci:@/index');
  await checker.check('container info', '--all oci:@/index');
  await checker.check('container image replace-detached-metadata', '--src oci:@/image --dest oci:@/replaced');
  await checker.check('container export-oci', `${REPO} ${FIXTURE_REF} @/encapsulated`);
  await checker.check('compose container-encapsulate', `${REPO} ${FIXTURE_REF} oci:@/composed`);
  await checker.check('mirror wrap', 'oci:@/encapsulated oci:@/wrapped');
  await checker.check('mirror runtime', 'oci:@/runtime');
  await checker.check('mirror warm', `${REPO} --cache-dir @/cache`);
  await must(['ostree', 'init', '--mode=bare-user', `--repo=${checker.folder}/copy`]);
  const unverified = 'ostree-unverified-image:oci:@/image';
  const imported = await checker.check(
    'container unencapsulate',
    `--repo @/copy --write-ref os ${unverified}`,
  );
  assert.equal((imported as { event: string }).event, 'imported');
}

async function checkRoots(checker: Checker): Promise<void> {
  const tree = join(checker.folder, 'tree');
  await must(['ostree', `--repo=${checker.folder}/repo`, 'checkout', '-U', FIXTURE_REF, tree]);
  await checker.check('container build-chunked-oci', '--rootfs @/tree --output oci:@/root');
  await checker.check('compose build-chunked-oci', '--rootfs @/tree --output oci:@/composed-root');
}

async function checkSnapshots(checker: Checker): Promise<void> {
  await checker.check('snapshot create', `${REPO} oci:@/snapshot`);
  await checker.check('snapshot create', `${REPO} --depth all oci-archive:@/snapshot.tar --split 1MiB`);
  await checker.check('snapshot info', 'oci:@/snapshot');
  await checker.check('snapshot list', 'oci:@/snapshot');
  await checker.check('snapshot list', '--commits oci:@/snapshot');
  await checker.check('snapshot diff', 'oci:@/snapshot oci-archive:@/snapshot.tar');
  await checker.check('snapshot diff', `oci:@/snapshot @/repo`);
  await checker.check('snapshot verify', 'oci:@/snapshot');
  await checker.check('snapshot verify', '@/snapshot.tar.001');
  await must(['ostree', 'init', '--mode=archive', `--repo=${checker.folder}/extracted`]);
  await checker.check('snapshot extract', '--repo @/extracted ostree-unverified-image:oci:@/snapshot');
}

async function checkDeltas(checker: Checker): Promise<void> {
  await checker.check('delta generate', `${REPO} ${FIXTURE_REF}`);
  await checker.check('delta generate', `${REPO} ${FIXTURE_REF} --if-not-exists`);
  const [delta] = (await checker.check('delta list', REPO)) as { from: string; to: string }[];
  const name = `${delta?.from}-${delta?.to}`;
  for (const verb of ['show', 'verify', 'apply']) await checker.check(`delta ${verb}`, `${REPO} ${name}`);
  await writeFile(join(checker.folder, 'policy'), '[refs "*"]\n');
  await checker.check('delta maintain', `${REPO} --policy @/policy`);
}

async function checkSignatures(checker: Checker): Promise<void> {
  await mustTreeport(checker.words('sign keygen @/key'));
  await mustTreeport(checker.words(`sign commit ${REPO} --keys-file @/key ${FIXTURE_REF}`));
  await checker.check('sign list', `${REPO} ${FIXTURE_REF}`);
  await checker.check('sign verify', `${REPO} --keys-file @/key.pub ${FIXTURE_REF}`);
}

async function checkTar(checker: Checker): Promise<void> {
  const tar = join(checker.folder, 'commit.tar');
  await must([
    'sh',
    '-c',
    `exec "$@" > ${tar}`,
    'sh',
    process.execPath,
    'src/cli.ts',
    ...checker.words(`tar export ${REPO} ${FIXTURE_REF}`),
  ]);
  await checker.check('tar import', '--repo @/copy --write-ref tar @/commit.tar');
}

async function prepare(t: TestContext): Promise<Checker> {
  const folder = await tempDir(t);
  const fixture = await writeOstreeFixture(join(folder, 'repo'), { detached: FIXTURE_DETACHED });
  await updateOstreeFixture(fixture);
  return new Checker(folder);
}

test('what each verb prints with --json is as its schema says', {
  skip: unlessInstalled('ostree'),
}, async (t) => {
  const checker = await prepare(t);
  const parts = {
    checkRepositories,
    checkPackages,
    checkImages,
    checkRoots,
    checkSnapshots,
    checkDeltas,
    checkSignatures,
    checkTar,
  };
  for (const [name, part] of Object.entries(parts)) await t.test(name, () => part(checker));
  assert.deepEqual(
    schemaTitles().filter((title) => !checker.checked.has(title)),
    [],
  );
});

test('fsck prints its report, and fails, if there are faults', async (t) => {
  const checker = await prepare(t);
  await writeFile(join(checker.folder, 'repo/refs/heads/broken'), 'nothing');
  const { status, stdout } = await treeport(checker.words(`repo fsck --json ${REPO}`));
  assert.equal(status, 1);
  const { damagedRefs } = checker.validate('repo fsck', stdout) as { damagedRefs: unknown[] };
  assert.equal(damagedRefs.length, 1);
});
