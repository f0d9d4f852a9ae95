/**
 * Mirror images for another architecture than that of the machine they are made on: made here, run under
 * qemu; and made under qemu, run here. Clients pull from them, and they make each part of a virtual delta
 * that was planned on the other architecture.
 */
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { copyRuntime, writeTree } from '../../scripts/pack-system.ts';
import { runtimeDirectory, runtimePackageName } from '../../src/base/package-directory.ts';
import { parseSuperblock, partPath } from '../../src/delta/static/superblock.ts';
import { MIRROR_HOME, runtimeCommand } from '../../src/mirror/layout.ts';
import { elfArchitecture, readElf } from '../../src/mirror/runtime/elf.ts';
import { goArchitecture } from '../../src/oci/model/platform.ts';
import { type Checksum, checksumOf, parseChecksum } from '../../src/ostree/checksum.ts';
import { superblockPath } from '../../src/ostree/delta-name.ts';
import { freePort } from '../support/free-port.ts';
import { unpackLayers } from '../support/mirror-images.ts';
import { unlessInstalled } from '../support/programs.ts';
import { startRecordingProxy } from '../support/recording-proxy.ts';
import { generations } from './support/delta-pairs.ts';
import { newRepo, ostreeFsck } from './support/import-repo.ts';
import { eventually, start } from './support/processes.ts';
import { must, TREEPORT } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const [OTHER, QEMU] =
  process.arch === 'x64'
    ? (['arm64', 'qemu-aarch64-static'] as const)
    : (['x64', 'qemu-x86_64-static'] as const);
const skip =
  unlessInstalled(QEMU, 'ostree', 'tar') ||
  ([OTHER, process.arch].some((each) => runtimeDirectory(each) === undefined)
    ? 'the runtimes were not made (scripts/runtimes.ts)'
    : false);
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

/** What starts the Node of a runtime, which does not need the libraries of the machine. */
function nodeIn(runtime: string, under: readonly string[]): readonly string[] {
  const words = runtimeCommand('serve').map((word) => word.replace(`/${MIRROR_HOME}/`, `${runtime}/`));
  return [...under, ...words.slice(0, words.indexOf(join(runtime, 'bin/node')) + 1)];
}

type Way = {
  /** Words before the verb of the command that makes the image. */
  readonly command: readonly string[];
  /** Of the image, as npm names it. */
  readonly architecture: string;
  /** What the image runs under. */
  readonly under: readonly string[];
};

test(
  'an image for another architecture serves, and makes the parts that were planned here',
  {
    skip,
    timeout: 10 * SLOW,
  },
  (t) => makeAndPull(t, { command: TREEPORT, architecture: OTHER, under: [QEMU] }),
);

test('the packaged command of another architecture makes an image for this one', {
  skip,
  timeout: 10 * SLOW,
}, async (t) => {
  const packed = await tempDir(t);
  writeTree(packed, OTHER);
  copyRuntime(packed, process.arch);
  const runtime = join(packed, 'node_modules', runtimePackageName(OTHER), 'runtime');
  const command = [...nodeIn(runtime, [QEMU]), join(packed, 'dist/bin/treeport.cjs')];
  assert.match(await must([...command, '--version']), /^\d+\.\d+\.\d+$/);
  await makeAndPull(t, { command, architecture: process.arch, under: [] });
});

async function makeAndPull(t: TestContext, { command, architecture, under }: Way): Promise<void> {
  const folder = await tempDir(t);
  const { repo, commit } = await newSource(folder);
  const image = join(folder, 'image');
  const words = ['mirror', 'build', '--arch', architecture, '--compression-fast', '--repo', repo, REF];
  await must([...command, ...words, `oci:${image}`], { timeout: 5 * SLOW });
  const root = join(folder, 'root');
  await unpackLayers(image, root);
  const home = join(root, MIRROR_HOME);
  assert.equal(elfArchitecture(readElf(join(home, 'bin/node'))), goArchitecture(architecture));
  assert.match(await readFile(join(home, 'sources.json'), 'utf8'), new RegExp(`node-linux-${architecture}`));
  await pullFrom(t, folder, { home, commit, under });
}

type Unpacked = Pick<Way, 'under'> & { readonly home: string; readonly commit: Checksum };

async function pullFrom(t: TestContext, folder: string, { home, commit, under }: Unpacked): Promise<void> {
  const address = `127.0.0.1:${await freePort()}`;
  const words = runtimeCommand('serve').map((word) => word.replace(`/${MIRROR_HOME}/`, `${home}/`));
  const env = { TREEPORT_LISTEN: address, TREEPORT_DRAIN_DELAY: '0', TREEPORT_VIRTUAL_DELTAS: 'wan' };
  const server = start(t, [...under, ...words], { env });
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
}
