/**
 * Mirror images and repositories serve first pulls by virtual deltas: stock clients apply them, the server
 * makes each part once, and neither a cache that cannot be written nor a client that stops reading is in the
 * way. The images run unpacked, as their own loader starts them; one runs under podman.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { parseSuperblock, partPath } from '../../src/delta/static/superblock.ts';
import { MIRROR_HOME, runtimeCommand } from '../../src/mirror/layout.ts';
import { type Checksum, checksumOf } from '../../src/ostree/checksum.ts';
import { superblockPath } from '../../src/ostree/delta-name.ts';
import { getRequest, RawConnection } from '../server/raw-http.ts';
import { freePort } from '../support/free-port.ts';
import { unpackLayers } from '../support/mirror-images.ts';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { startRecordingProxy } from '../support/recording-proxy.ts';
import { generations, type Ostree } from './support/delta-pairs.ts';
import { type GpgKey, makeGpgKey, stopAgent } from './support/gpg.ts';
import { newRepo, ostreeFsck, treeListing } from './support/import-repo.ts';
import { CONFINED, PODMAN_PROGRAMS, Podman } from './support/podman.ts';
import { eventually, type Running, start, whenAnswering } from './support/processes.ts';
import { must, treeport } from './support/run.ts';
import { atEnd, shared, tempDir } from './support/scratch.ts';

const skip = unlessRoot() || unlessInstalled('ostree', 'gpg', 'tar');
const timeout = 300_000;
const REF = 'exampleos/stable';
const NAME = 'localhost/treeport-e2e-virtual';
const PROFILES = ['wan', 'lan'] as const;
const USER_AGENT = { 'user-agent': 'libostree/2025.2' };

type Made = {
  readonly repo: string;
  readonly commit: string;
  readonly gpg: GpgKey;
  /** The image in a layout directory, and its file system. */
  readonly image: string;
  readonly root: string;
};

/** A signed commit of 20 MB, which is three parts, and a mirror image of it made with default options. */
function made(): Promise<Made> {
  return shared('virtual-delta', async (folder) => {
    const gpg = await makeGpgKey(folder);
    const signing = [`--gpg-homedir=${gpg.home}`, `--gpg-sign=${gpg.id}`];
    const repo = await newRepo(join(folder, 'repo'));
    const tree = join(folder, 'tree');
    await mkdir(join(tree, 'usr/lib'), { recursive: true });
    for (let file = 0; file < 10; file++) {
      const lines = Array.from(
        { length: 80_000 },
        (_, line) => `line ${line} of file ${file}, ${line * line}\n`,
      );
      await writeFile(join(tree, `usr/lib/${file}`), lines.join('').slice(0, 2_000_000));
    }
    const commit = await must([
      'ostree',
      `--repo=${repo}`,
      'commit',
      `--branch=${REF}`,
      `--tree=dir=${tree}`,
      ...signing,
    ]);
    await must(['ostree', `--repo=${repo}`, 'summary', '--update', ...signing]);
    await stopAgent(gpg.home);
    const image = join(folder, 'image');
    const built = await treeport(['mirror', 'build', '--repo', repo, REF, `oci:${image}`]);
    assert.equal(built.status, 0, built.stderr);
    const root = join(folder, 'root');
    await unpackLayers(image, root);
    return { repo, commit, gpg, image, root };
  });
}

type Mirror = Running & { readonly origin: string };

/** Starts the server of an unpacked image by its own command. */
async function startImage(
  t: TestContext,
  root: string,
  env: Readonly<Record<string, string>>,
): Promise<Mirror> {
  const address = `127.0.0.1:${await freePort()}`;
  const words = runtimeCommand('serve').map((word) =>
    word.replace(`/${MIRROR_HOME}/`, `${root}/${MIRROR_HOME}/`),
  );
  const settings = { TREEPORT_LISTEN: address, TREEPORT_DRAIN_DELAY: '0', ...env };
  const running = start(t, words, { env: settings });
  await whenAnswering(`http://${address}/readyz`, running);
  return { ...running, origin: `http://${address}` };
}

/** Stops the server; gives what it counted. */
async function countersOf(mirror: Mirror): Promise<Readonly<Record<string, number>>> {
  mirror.signal('SIGTERM');
  assert.equal(await mirror.ended(), 0, mirror.output());
  const line = mirror
    .output()
    .split('\n')
    .find((text) => text.includes('"madeParts"'));
  return JSON.parse(line ?? '{}').counters;
}

async function newClient(folder: string, ostree: Ostree, gpg: GpgKey, origin: string) {
  const path = await newRepo(folder, 'bare-user');
  const own = (...words: readonly string[]) => ostree([`--repo=${path}`, ...words]);
  const verification = ['--set=gpg-verify=true', '--set=gpg-verify-summary=true'];
  await own('remote', 'add', ...verification, `--gpg-import=${gpg.publicKey}`, 'mirror', `${origin}/repo`);
  return { path, own };
}

test('first pulls of a mirror image', { skip, timeout }, async (t) => {
  const { repo, commit, gpg, root } = await made();
  const folder = await tempDir(t);
  // The clients of both generations see what is below the folder.
  const publicKey = join(folder, 'public.gpg');
  await copyFile(gpg.publicKey, publicKey);
  const ostrees = await generations(t, folder);
  for (const profile of PROFILES) {
    const mirror = await startImage(t, root, { TREEPORT_VIRTUAL_DELTAS: profile });
    const { origin, paths } = await startRecordingProxy(t, mirror.origin);
    for (const [generation, ostree] of ostrees) {
      const isOffered = generation === 'newer';
      paths.length = 0;
      const { path, own } = await newClient(
        join(folder, `${profile}-${generation}`),
        ostree,
        { ...gpg, publicKey },
        origin,
      );
      await own('pull', ...(isOffered ? ['--require-static-deltas'] : []), 'mirror', REF);
      await ostreeFsck(path);
      assert.equal(await treeListing(path, commit), await treeListing(repo, commit));
      const delta = paths
        .filter((name) => name.startsWith('/repo/deltas/'))
        .map((name) => name.replace(/.*\//, ''));
      assert.deepEqual(delta.toSorted(), isOffered ? ['0', '1', '2', 'superblock'] : [], paths.join(' '));
      const loose = paths.filter((name) => /^\/repo\/objects\/.*\.(?:filez|dirtree|dirmeta)$/.test(name));
      assert.equal(loose.length === 0, isOffered, loose.join(' '));
    }
    const { madeParts } = await countersOf(mirror);
    assert.equal(madeParts, ostrees.has('newer') ? 3 : 0, profile);
  }
});

test('a mirror image under podman', {
  skip: skip || unlessInstalled(...PODMAN_PROGRAMS),
  timeout,
}, async (t) => {
  const { image, gpg, commit } = await made();
  const folder = await tempDir(t);
  const podman = await Podman.create(t, folder);
  await podman.load(`oci:${image}`, NAME);
  const settings = ['--env=TREEPORT_VIRTUAL_DELTAS=wan', '--env=TREEPORT_DRAIN_DELAY=0'];
  const mirror = await podman.startMirror(NAME, '--user=123456:0', ...CONFINED, ...settings);
  const parts = await partUrls(mirror.origin, commit);
  for (const url of parts) assert.equal((await fetch(url)).status, 200);
  const old = await newClient(
    join(folder, 'client'),
    (words) => must(['ostree', ...words]),
    gpg,
    mirror.origin,
  );
  await old.own('pull', 'mirror', REF);
  await ostreeFsck(old.path);
});

test('clients that come at once, stall and leave', { skip, timeout }, async (t) => {
  const { commit, root } = await made();
  const mirror = await startImage(t, root, { TREEPORT_VIRTUAL_DELTAS: 'lan' });
  const parts = await partUrls(mirror.origin, commit);
  const { port } = new URL(mirror.origin);
  for (const url of parts) {
    const request = getRequest(new URL(url).pathname);
    const stalled = await RawConnection.open(t, Number(port));
    stalled.socket.pause();
    stalled.write(request);
    const cut = await RawConnection.open(t, Number(port));
    cut.write(request);
    await cut.until(/^HTTP\/1.1 200/);
    cut.socket.destroy();
    const sums = await Promise.all(Array.from({ length: 16 }, () => checksumAt(url)));
    assert.equal(new Set(sums).size, 1);
  }
  assert.equal((await countersOf(mirror)).madeParts, parts.length);
});

test('parts in a cache directory are not made again', { skip, timeout }, async (t) => {
  const { commit, root } = await made();
  const cache = join(await tempDir(t), 'cache');
  await mkdir(cache);
  const settings = { TREEPORT_VIRTUAL_DELTAS: 'wan', TREEPORT_CACHE_DIR: cache };
  const first = await startImage(t, root, settings);
  const parts = await partUrls(first.origin, commit);
  const sums = await Promise.all(parts.map(checksumAt));
  await eventually('they are in the cache', () => cachedParts(cache).length === parts.length || undefined);
  assert.equal((await countersOf(first)).madeParts, parts.length);
  const second = await startImage(t, root, settings);
  const again = (await partUrls(second.origin, commit)).map(checksumAt);
  assert.deepEqual(await Promise.all(again), sums);
  assert.equal((await countersOf(second)).madeParts, 0);
});

test('a cache directory that is full or cannot be written', { skip, timeout }, async (t) => {
  const { commit, root } = await made();
  const cache = join(await tempDir(t), 'cache');
  await mkdir(cache);
  await must(['mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', cache]);
  atEnd(t, () => must(['umount', '--lazy', cache]));
  for (const isReadOnly of [false, true]) {
    const mirror = await startImage(t, root, { TREEPORT_VIRTUAL_DELTAS: 'lan', TREEPORT_CACHE_DIR: cache });
    if (isReadOnly) await must(['mount', '-o', 'remount,ro', cache]);
    const parts = await partUrls(mirror.origin, commit);
    for (const url of parts) assert.equal((await fetch(url)).status, 200);
    await eventually(
      'it is logged',
      () => mirror.output().includes('cannot write the cache directory') || undefined,
    );
    assert.equal((await countersOf(mirror)).withdrawnDeltas, 0);
    assert.deepEqual(cachedParts(cache), []);
  }
});

test('a server calls no foreign function, whatever it offers', { skip, timeout }, async (t) => {
  const { commit, root } = await made();
  for (const profile of ['lan', 'wan']) {
    const mirror = await startImage(t, root, { TREEPORT_VIRTUAL_DELTAS: profile });
    for (const url of await partUrls(mirror.origin, commit)) assert.equal((await fetch(url)).status, 200);
    assert.doesNotMatch(await readFile(`/proc/${mirror.pid}/maps`, 'utf8'), /koffi|liblzma/);
    assert.equal((await countersOf(mirror)).failedParts, 0);
  }
});

function cachedParts(cache: string): readonly string[] {
  return readdirSync(cache, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /delta-parts\/.*\.filez$/.test(name),
  );
}

/** The parts of the delta to `commit` that the mirror offers. */
async function partUrls(origin: string, commit: string): Promise<readonly string[]> {
  const name = { from: undefined, to: commit as Checksum };
  const response = await fetch(`${origin}/repo/${superblockPath(name)}`, { headers: USER_AGENT });
  assert.equal(response.status, 200);
  const { parts } = parseSuperblock(Buffer.from(await response.arrayBuffer()));
  assert.ok(parts.length > 1);
  return parts.map((_, index) => `${origin}/repo/${partPath(name, index)}`);
}

async function checksumAt(url: string): Promise<Checksum> {
  const response = await fetch(url);
  assert.equal(response.status, 200);
  return checksumOf(Buffer.from(await response.arrayBuffer()));
}
