/**
 * A mirror image for another architecture than this machine's. Its runtime is the package's, and runs under
 * qemu here: clients pull from it, and it makes each part of a virtual delta that was planned here.
 */
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { runtimeDirectory } from '../../src/base/package-directory.ts';
import { parseSuperblock, partPath } from '../../src/delta/static/superblock.ts';
import { MIRROR_HOME, runtimeCommand } from '../../src/mirror/layout.ts';
import { elfArchitecture, readElf } from '../../src/mirror/runtime/elf.ts';
import { goArchitecture } from '../../src/oci/model/platform.ts';
import { checksumOf, parseChecksum } from '../../src/ostree/checksum.ts';
import { superblockPath } from '../../src/ostree/delta-name.ts';
import { freePort } from '../support/free-port.ts';
import { unpackLayers } from '../support/mirror-images.ts';
import { unlessInstalled } from '../support/programs.ts';
import { startRecordingProxy } from '../support/recording-proxy.ts';
import { generations } from './support/delta-pairs.ts';
import { newRepo, ostreeFsck } from './support/import-repo.ts';
import { eventually, start } from './support/processes.ts';
import { must, mustTreeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const [OTHER, QEMU] =
  process.arch === 'x64'
    ? (['arm64', 'qemu-aarch64-static'] as const)
    : (['x64', 'qemu-x86_64-static'] as const);
const skip =
  unlessInstalled(QEMU, 'ostree', 'tar') ||
  (runtimeDirectory(OTHER) === undefined ? 'its runtime was not made (scripts/runtimes.ts)' : false);
const REF = 'exampleos/stable';
const SLOW = 120_000;

/** A repository with a commit of 10 MB, which is two parts. */
async function newSource(folder: string) {
  const repo = await newRepo(join(folder, 'repo'));
  const tree = join(folder, 'tree');
  await mkdir(join(tree, 'usr/lib'), { recursive: true });
  for (let file = 0; file < 5; file++) {
    const lines = Array.from(
      { length: 80_000 },
      (_, line) => `line ${line} of file ${file}, ${line * line}\n`,
    );
    await writeFile(join(tree, `usr/lib/${file}`), lines.join('').slice(0, 2_000_000));
  }
  const words = ['commit', `--branch=${REF}`, `--tree=dir=${tree}`];
  const commit = parseChecksum(await must(['ostree', `--repo=${repo}`, ...words]));
  await must(['ostree', `--repo=${repo}`, 'summary', '--update']);
  return { repo, commit };
}

test('an image for another architecture serves, and makes the parts that were planned here', {
  skip,
  timeout: 5 * SLOW,
}, async (t) => {
  const folder = await tempDir(t);
  const { repo, commit } = await newSource(folder);
  const image = join(folder, 'image');
  await mustTreeport(['mirror', 'build', '--arch', OTHER, '--repo', repo, REF, `oci:${image}`]);
  const root = join(folder, 'root');
  await unpackLayers(image, root);
  const home = join(root, MIRROR_HOME);
  assert.equal(elfArchitecture(readElf(join(home, 'bin/node'))), goArchitecture(OTHER));
  assert.match(await readFile(join(home, 'sources.json'), 'utf8'), new RegExp(`node-linux-${OTHER}`));

  const address = `127.0.0.1:${await freePort()}`;
  const words = runtimeCommand('serve').map((word) => word.replace(`/${MIRROR_HOME}/`, `${home}/`));
  const env = { TREEPORT_LISTEN: address, TREEPORT_DRAIN_DELAY: '0', TREEPORT_VIRTUAL_DELTAS: 'wan' };
  const server = start(t, [QEMU, ...words], { env });
  await eventually(
    'it answers',
    async () => {
      if (server.hasEnded()) return true;
      return (await fetch(`http://${address}/readyz`)).ok || undefined;
    },
    SLOW,
  );
  const { origin, paths } = await startRecordingProxy(t, `http://${address}`);

  const name = { from: undefined, to: commit };
  const headers = { 'user-agent': 'libostree/2025.2' };
  const superblock = await fetch(`${origin}/repo/${superblockPath(name)}`, { headers });
  assert.equal(superblock.status, 200, server.output());
  const { parts } = parseSuperblock(Buffer.from(await superblock.arrayBuffer()));
  assert.equal(parts.length, 2);
  for (const [index, part] of parts.entries()) {
    const answer = await fetch(`${origin}/repo/${partPath(name, index)}`);
    assert.equal(checksumOf(Buffer.from(await answer.arrayBuffer())), part.checksum, server.output());
  }

  for (const [generation, ostree] of await generations(t, folder)) {
    paths.length = 0;
    const client = await newRepo(join(folder, generation), 'bare-user');
    await ostree([`--repo=${client}`, 'remote', 'add', '--no-gpg-verify', 'mirror', `${origin}/repo`]);
    await ostree([`--repo=${client}`, 'pull', 'mirror', REF]);
    await ostreeFsck(client);
    const deltaParts = paths.filter((path) => /^\/repo\/deltas\/.*\/\d+$/.test(path));
    assert.equal(deltaParts.length, generation === 'newer' ? parts.length : 0, paths.join(' '));
  }
});
