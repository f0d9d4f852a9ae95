/**
 * deploy/treeport.Containerfile builds, with a minimal Debian system in place of its base image, and the
 * image maintains deltas as the unit beside it says. It takes minutes and needs Debian's packages, so only
 * TREEPORT_IMAGE=1 runs it.
 */
import assert from 'node:assert/strict';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { aptOptions, debianMirror } from '../../scripts/apt-settings.ts';
import { isKeyfileFault, keyfileString, parseKeyfile } from '../../src/ostree/keyfile.ts';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { projectText, ROOT } from '../support/project.ts';
import { newRepo, ostreeFsck } from './support/import-repo.ts';
import { CONFINED, PODMAN_PROGRAMS, Podman } from './support/podman.ts';
import { must } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip =
  process.env.TREEPORT_IMAGE === undefined
    ? 'TREEPORT_IMAGE=1 runs it'
    : unlessRoot() || unlessInstalled('ostree', 'mmdebstrap', 'unshare', 'dpkg-deb', ...PODMAN_PROGRAMS);
const timeout = 900_000;
const LONG = { timeout: 600_000 };
const NAME = 'localhost/treeport';
const CONTAINERFILE = 'deploy/treeport.Containerfile';

/** The image that the Containerfile begins with, under its name, made of Debian's packages. */
async function makeBase(podman: Podman, folder: string): Promise<void> {
  const [, name = '', suite = ''] = /^FROM (\S+:(\w+)-slim)$/m.exec(projectText(CONTAINERFILE)) ?? [];
  const root = join(folder, 'root.tar');
  const words = ['mmdebstrap', '--quiet', '--variant=minbase', ...aptOptions(), suite, root];
  await must(['unshare', '--mount', '--propagation', 'private', ...words, ...debianMirror()], LONG);
  await podman.must(['import', '--quiet', root, name], LONG);
}

test('the Containerfile builds, and its image maintains deltas', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const podman = await Podman.create(t, folder);
  const context = join(folder, 'context');
  await mkdir(context);
  const pack = ['npm', 'run', '--silent', 'package', '--', '--only', 'deb', '--pack-destination', context];
  await must(pack, { cwd: ROOT, ...LONG });
  await cp(join(ROOT, CONTAINERFILE), join(context, 'Containerfile'));
  await makeBase(podman, folder);
  const build = ['build', '--isolation=chroot', '--network=host', '--pull=never', `--tag=${NAME}`, context];
  await podman.must(build, LONG);

  const unit = parseKeyfile(projectText('deploy/treeport-deltas.container'));
  assert.ok(!isKeyfileFault(unit));
  const of = (key: string) => keyfileString(unit, 'Container', key) ?? '';
  const repo = await newRepo(join(folder, 'repo'));
  await must(['ostree', `--repo=${repo}`, 'commit', '--branch=os', `--tree=dir=${join(ROOT, 'docs')}`]);
  await must(['chown', '-R', `${of('User')}:${of('Group')}`, repo]);
  const printed = await podman.must([
    ...['run', '--rm', `--network=${of('Network')}`, `--user=${of('User')}:${of('Group')}`, ...CONFINED],
    `--volume=${repo}:/srv/repo`,
    `--volume=${join(ROOT, 'deploy/treeport-deltas.conf')}:/etc/treeport/deltas.conf:ro`,
    ...[NAME, ...of('Exec').split(' ')],
  ]);
  const commit = await must(['ostree', `--repo=${repo}`, 'rev-parse', 'os']);
  assert.ok(printed.includes(commit), printed);
  assert.match(await must(['ostree', `--repo=${repo}`, 'static-delta', 'list']), new RegExp(commit));
  await ostreeFsck(repo);
});
