/** A mirror image, run as any user without any right, gives ostree clients the commit it was made from. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import { IMAGE_DRAIN_DELAY_SECONDS } from '../../src/server/shutdown.ts';
import { Client, type ClientOptions } from './support/client.ts';
import { mirrorOfOs, mirrorOfText } from './support/images.ts';
import { OS_REF, osRepo, TEXT, TEXT_REF, textRepo, unlessOsRepo } from './support/os-repo.ts';
import { CONFINED, type Container, PODMAN_PROGRAMS, Podman } from './support/podman.ts';
import { must } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessOsRepo(...PODMAN_PROGRAMS);
const timeout = 600_000;
const NAME = 'localhost/treeport-e2e';

/** A user id that nobody has, as clusters give them. */
function anyUser(): string {
  return `--user=${randomInt(100_000, 2_000_000_000)}:0`;
}

test('a mirror image of an OS', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const { gpg, firstCommit, commit, path: source } = await osRepo();
  const podman = await Podman.create(t, folder);
  await podman.load(`oci:${(await mirrorOfOs()).path}`, NAME);
  const mirror = await podman.startMirror(NAME, anyUser(), ...CONFINED);

  const check = async (options: ClientOptions, words: readonly string[], ref = OS_REF): Promise<Client> => {
    const client = await Client.create(folder, mirror.repo, options);
    await client.pull(...words);
    assert.equal(await client.revision(ref), commit);
    await client.fsck();
    return client;
  };

  await t.test('is pulled into a bare-user repository', async () => {
    await check({ mode: 'bare-user' }, ['--disable-static-deltas', OS_REF]);
  });

  await t.test('is pulled into a bare repository with everything the source has', async () => {
    const client = await check({ mode: 'bare' }, ['--disable-static-deltas', OS_REF]);
    const listing = (of: string) => must(['ostree', `--repo=${of}`, 'ls', '-RCX', commit, '/']);
    assert.equal(await listing(client.path), await listing(source));
  });

  await t.test('is mirrored into an archive, all of it', async () => {
    const all = await check({ mode: 'archive' }, ['--mirror']);
    assert.equal(await all.ostree('refs'), OS_REF);
  });

  await t.test('is pulled by checksum', async () => {
    await check({}, [commit], commit);
  });

  await t.test('is pulled by a client that trusts only a signed commit', async () => {
    await check({ publicKey: gpg.publicKey }, [OS_REF]);
  });

  await t.test('is pulled by a client that trusts only a signed summary', async () => {
    await check({ publicKey: gpg.publicKey, verifySummary: true }, [OS_REF]);
  });

  await t.test('is reached by a delta from the version before', async () => {
    const client = await Client.create(folder, mirror.repo, { publicKey: gpg.publicKey });
    await client.ostree('pull-local', '--remote=mirror', source, firstCommit);
    await client.ostree('refs', `--create=mirror:${OS_REF}`, firstCommit);
    await client.pull('--require-static-deltas', OS_REF);
    assert.equal(await client.revision(OS_REF), commit);
    await client.fsck();
  });

  await t.test('shows its first page and its health', async () => {
    const page = await (await fetch(mirror.origin)).text();
    assert.ok(page.includes(OS_REF));
    assert.equal((await fetch(`${mirror.origin}/healthz`)).status, 200);
  });
});

async function stopsInOrder(podman: Podman, mirror: Container): Promise<void> {
  await podman.must(['stop', '--time=20', mirror.id]);
  assert.equal(await podman.must(['inspect', '--format={{.State.ExitCode}}', mirror.id]), '0');
  const delay = `draining: /readyz fails, still serving for ${IMAGE_DRAIN_DELAY_SECONDS} s`;
  assert.ok((await podman.log(mirror.id)).includes(delay));
}

test('a mirror image runs as root and as every other user, with or without capabilities', {
  skip,
  timeout,
}, async (t) => {
  const folder = await tempDir(t);
  const podman = await Podman.create(t, folder);
  await podman.load(`oci:${(await mirrorOfText()).path}`, NAME);
  const { commit } = await textRepo();
  const ways = [[], ['--user=0:0', ...CONFINED], ['--user=65534', ...CONFINED], [anyUser(), ...CONFINED]];
  for (const words of ways) {
    const mirror = await podman.startMirror(NAME, ...words);
    const client = await Client.create(folder, mirror.repo);
    await client.pull(TEXT_REF);
    assert.equal(await client.revision(TEXT_REF), commit, words.join(' '));
    await client.fsck();
    await podman.must(['rm', '--force', '--time=0', mirror.id]);
  }
});

test('a mirror image of a commit without libc', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const podman = await Podman.create(t, folder);
  await podman.load(`oci:${(await mirrorOfText()).path}`, NAME);
  const mirror = await podman.startMirror(NAME, anyUser(), ...CONFINED);
  await t.test('gives the file', async () => {
    const client = await Client.create(folder, mirror.repo);
    await client.pull('--disable-static-deltas', TEXT_REF);
    assert.equal(await client.ostree('cat', `mirror:${TEXT_REF}`, '/text'), TEXT.trimEnd());
    await client.fsck();
  });
  await t.test('is mirrored by the name of its ref, and pulled by ref and checksum', async () => {
    const { commit } = await textRepo();
    const archive = await Client.create(folder, mirror.repo, { mode: 'archive' });
    await archive.pull('--mirror', TEXT_REF);
    const pinned = await Client.create(folder, mirror.repo);
    await pinned.pull(`${TEXT_REF}@${commit}`);
    for (const client of [archive, pinned]) {
      assert.equal(await client.revision(TEXT_REF), commit);
      await client.fsck();
    }
  });
  await t.test('gives it by a delta from nothing', async () => {
    const client = await Client.create(folder, mirror.repo);
    await client.pull('--require-static-deltas', TEXT_REF);
    assert.equal(await client.revision(TEXT_REF), (await textRepo()).commit);
    await client.fsck();
  });
  await t.test('stops in order, as process 1', async () => stopsInOrder(podman, mirror));
});

/** What the tests above stand on: podman takes rights away for real. */
test('the confinement of these tests is real', { skip, timeout }, async (t: TestContext) => {
  const folder = await tempDir(t);
  const podman = await Podman.create(t, folder);
  await podman.load(`oci:${(await mirrorOfText()).path}`, NAME);
  const mirror = await podman.startMirror(NAME, '--user=123456:0', ...CONFINED);
  const pid = await podman.must(['inspect', '--format={{.State.Pid}}', mirror.id]);
  const status = await must(['cat', `/proc/${pid}/status`]);
  assert.match(status, /^Uid:\s+123456\s+123456/m);
  assert.match(status, /^CapEff:\s+0{16}$/m);
  assert.match(status, /^CapBnd:\s+0{16}$/m);
  assert.match(await must(['cat', `/proc/${pid}/mountinfo`]), /^\S+ \S+ \S+ \S+ \/ ro[, ]/m);
});
