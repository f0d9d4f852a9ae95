/**
 * The OS that an ostree client makes of a mirror image is the commit as it was, also where composefs or a
 * transient root make importers keep paths of derived layers that they drop elsewhere.
 */
import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { type Checksum, parseChecksum } from '../../src/ostree/checksum.ts';
import { openRepository, type Repository } from '../../src/ostree/repo/open.ts';
import { formerMirror } from '../support/former-mirror.ts';
import { buildInto, encapsulateInto, wrapInto } from '../support/mirror-images.ts';
import { initRepo } from '../support/ostree-repos.ts';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { buildContainerfile } from './support/containerfile.ts';
import { readLayout } from './support/layout.ts';
import { importAsOs, OS_IMPORT_PROGRAMS, type OsImport } from './support/os-import.ts';
import { PODMAN_PROGRAMS, Podman } from './support/podman.ts';
import { must } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessRoot() || unlessInstalled(...OS_IMPORT_PROGRAMS);
const timeout = 300_000;
const REF = 'os';

/** `usr/lib/ostree/prepare-root.conf` of each OS. */
const SYSTEMS: Readonly<Record<string, string>> = {
  'with composefs': '[composefs]\nenabled=yes\n',
  'with a transient root': '[root]\ntransient = true\n',
  'without either': '[etc]\ntransient=true\n',
};

/** A repository with a small OS on REF; its root directory has the mode. */
async function osOf(folder: string, prepareRoot: string, rootMode = 0o755): Promise<Repository> {
  const tree = join(folder, 'tree');
  await mkdir(join(tree, 'usr/lib/ostree'), { recursive: true });
  for (const name of ['sysroot', 'boot', 'var', 'run', 'usr/etc']) await mkdir(join(tree, name));
  await writeFile(join(tree, 'usr/lib/ostree/prepare-root.conf'), prepareRoot);
  await writeFile(join(tree, 'usr/etc/shadow'), 'secret\n', { mode: 0o600 });
  await chmod(tree, rootMode);
  const repo = await initRepo(join(folder, 'source'), 'archive');
  await must(['ostree', `--repo=${repo}`, 'commit', `--branch=${REF}`, `--tree=dir=${tree}`]);
  return openRepository(repo);
}

async function commitOf({ path }: Repository): Promise<Checksum> {
  return parseChecksum(await must(['ostree', `--repo=${path}`, 'rev-parse', REF]));
}

function assertPristine({ base, merge, diff, dropped }: OsImport): void {
  assert.equal(diff, '');
  assert.equal(merge.contentChecksum, base.contentChecksum);
  assert.deepEqual(dropped, {}, 'paths that importers warn of');
}

for (const [system, prepareRoot] of Object.entries(SYSTEMS)) {
  test(`built and wrapped mirrors of an OS ${system} import as the pristine commit`, {
    skip,
    timeout,
  }, async (t) => {
    const folder = await tempDir(t);
    const repo = await osOf(folder, prepareRoot);
    const [built, plain, wrapped] = ['built', 'plain', 'wrapped'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await buildInto(built, repo, [REF], [], 'all');
    await encapsulateInto(plain, repo, await commitOf(repo));
    await wrapInto(wrapped, plain, { bake: 'all' });
    for (const image of [built, wrapped]) {
      assertPristine(await importAsOs(readLayout(image), `${image}-imported`));
    }
  });
}

test('a closed root directory keeps its mode in the OS', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const repo = await osOf(folder, SYSTEMS['with composefs'] as string, 0o700);
  const image = join(folder, 'image');
  await buildInto(image, repo, [REF]);
  assertPristine(await importAsOs(readLayout(image), join(folder, 'imported')));
});

test('a mirror of many objects is imported without opening too many files', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const repo = await osOf(folder, SYSTEMS['with composefs'] as string);
  const many = join(folder, 'many');
  await mkdir(many);
  for (let file = 0; file < 1500; file++) await writeFile(join(many, `${file}`), `${file}`);
  const words = ['commit', '--branch=many', `--tree=dir=${many}`, '--fsync=false'];
  await must(['ostree', `--repo=${repo.path}`, ...words]);
  const image = join(folder, 'image');
  await buildInto(image, repo, [REF, 'many']);
  assertPristine(await importAsOs(readLayout(image), join(folder, 'imported')));
});

test('an image that the Containerfile made leaves empty directories in an OS with composefs', {
  skip: skip || unlessInstalled(...PODMAN_PROGRAMS, 'buildah'),
  timeout,
}, async (t) => {
  const folder = await tempDir(t);
  const podman = await Podman.create(t, folder);
  const repo = await osOf(folder, SYSTEMS['with composefs'] as string);
  const [plain, image] = [join(folder, 'plain'), join(folder, 'image')];
  await encapsulateInto(plain, repo, await commitOf(repo));
  await buildContainerfile(podman, plain, 'localhost/built', folder);
  await must(['skopeo', 'copy', '--quiet', 'containers-storage:localhost/built', `oci:${image}`], {
    env: podman.env,
  });
  const { merge, diff } = await importAsOs(readLayout(image), join(folder, 'imported'));
  assert.match(diff, /^A +\/sysroot\/ostree\/repo\/extensions\/treeport\/repo\/refs\/heads$/m);
  for (const line of diff.split('\n')) assert.match(line, /^A +\/sysroot\/ostree(?:\/|$)/);
  const listing = await must([
    'ostree',
    `--repo=${join(folder, 'imported/repo')}`,
    'ls',
    '-R',
    merge.commit,
    '/sysroot',
  ]);
  for (const line of listing.split('\n')) assert.match(line, /^d/);
});

/** What the tests above stand on: the import of this test keeps what importers keep. */
test('a mirror in the former home stays behind in an OS with composefs, and is warned of elsewhere', {
  skip,
  timeout,
}, async (t) => {
  const folder = await tempDir(t);
  const imported = async (system: string): Promise<OsImport> => {
    const own = join(folder, system);
    await mkdir(own);
    await buildInto(join(own, 'image'), await osOf(own, SYSTEMS[system] as string), [REF]);
    await formerMirror(join(own, 'image'), join(own, 'former'));
    return importAsOs(readLayout(join(own, 'former')), join(own, 'imported'));
  };
  const kept = await imported('with composefs');
  assert.notEqual(kept.merge.contentChecksum, kept.base.contentChecksum);
  assert.match(kept.diff, /^A +\/sysroot\/treeport\/bin\/node$/m);
  const { diff, dropped } = await imported('without either');
  assert.equal(diff, '');
  assert.ok((dropped.sysroot ?? 0) > 5);
});
