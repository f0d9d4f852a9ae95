/** Several processes serve one address, with one log and one end. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { VERSION } from '../../src/base/version.ts';
import { getRequest, RawConnection } from '../server/raw-http.ts';
import { writeOstreeFixture } from '../support/ostree-fixture.ts';
import { mirrorOfText } from './support/images.ts';
import { unlessOsRepo } from './support/os-repo.ts';
import { CONFINED, PODMAN_PROGRAMS, Podman } from './support/podman.ts';
import { eventually } from './support/processes.ts';
import { run, TREEPORT } from './support/run.ts';
import { tempDir } from './support/scratch.ts';
import { serve } from './support/serve.ts';

const timeout = 300_000;

type Line = {
  readonly version?: string;
  readonly msg: string;
  readonly pid: number;
  readonly worker?: number;
  readonly counters?: { readonly requests: number };
  readonly workersDied?: number;
};

/** The lines of a log; every one of them is whole. */
function linesOf(log: string): readonly Line[] {
  const lines = log.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line) as Line);
}

function pidsOfRequests(log: string): ReadonlySet<number> {
  return new Set(
    linesOf(log)
      .filter(({ msg }) => msg === 'request')
      .map(({ pid }) => pid),
  );
}

test('two workers share an address, and one that stands still or is killed loses no connection', {
  timeout,
}, async (t) => {
  const { path } = await writeOstreeFixture(join(await tempDir(t), 'repo'));
  const cache = join(await tempDir(t), 'cache');
  const serving = await serve(t, path, { words: ['--workers', '2', '--cache-dir', cache] });
  const port = Number(new URL(serving.origin).port);
  const ask = async () => {
    const client = await RawConnection.open(t, port);
    client.write(getRequest('/repo/config', 'Connection: close\r\n'));
    assert.match(await client.closed(), /^HTTP\/1\.1 200 /);
  };

  const pids = await eventually('both have answered', async () => {
    await ask();
    const found = pidsOfRequests(serving.output());
    return found.size === 2 ? found : undefined;
  });
  assert.ok(!pids.has(serving.pid));
  const [victim = 0] = pids;
  process.kill(victim, 'SIGSTOP');
  for (let request = 0; request < 4; request++) await ask();
  process.kill(victim, 'SIGKILL');
  const died = await eventually('the death is logged', () =>
    linesOf(serving.output()).find(({ worker }) => worker === victim),
  );
  assert.match(died.msg, /died \(SIGKILL\), starting another$/);
  await eventually('another one answers', async () => {
    await ask();
    return pidsOfRequests(serving.output()).size === 3 || undefined;
  });

  serving.signal('SIGTERM');
  assert.equal(await serving.ended(), 0);
  const lines = linesOf(serving.output());
  const stopped = lines.at(-1);
  assert.equal(stopped?.msg, 'stopped');
  assert.equal(stopped.workersDied, 1);
  const counted = lines.filter(({ msg, pid }) => msg === 'request' && pid !== victim).length;
  assert.equal(stopped.counters?.requests, counted, 'requests of the workers that lived');
  assert.deepEqual(
    lines.flatMap(({ msg, version }) => (msg.startsWith('serving on ') ? [version] : [])),
    [VERSION],
  );
});

test('workers that cannot serve end the command with their error', { timeout }, async (t) => {
  const folder = await tempDir(t);
  const { path } = await writeOstreeFixture(join(folder, 'repo'));
  const serving = await serve(t, path);
  const address = new URL(serving.origin).host;
  const words = (repo: string) => ['serve', '--workers', '2', '--repo', repo, '--listen', address];
  const busy = await run([...TREEPORT, ...words(path)]);
  assert.deepEqual([busy.status, /ERR_LISTEN: .*port is in use/.test(busy.stderr)], [1, true], busy.stderr);
  const missing = await run([...TREEPORT, ...words(join(folder, 'missing'))]);
  assert.deepEqual([missing.status, /ERR_REPO_MISSING/.test(missing.stderr)], [1, true], missing.stderr);
});

test('workers of an image start by its loader, on a read-only root', {
  skip: unlessOsRepo(...PODMAN_PROGRAMS),
  timeout,
}, async (t) => {
  const folder = await tempDir(t);
  const podman = await Podman.create(t, folder);
  const name = 'localhost/treeport-workers';
  const config = join(folder, 'mirror.conf');
  await writeFile(config, '[server]\nworkers=2\n', { mode: 0o644 });
  await podman.load(`oci:${(await mirrorOfText()).path}`, name);
  const mounted = [`--volume=${config}:/etc/mirror.conf:ro`, '--env=TREEPORT_CONFIG=/etc/mirror.conf'];
  const words = ['--user=123456:0', ...mounted, ...CONFINED];
  assert.ok(words.includes('--read-only'));
  const mirror = await podman.startMirror(name, ...words);
  const answered = async (count: number) => {
    assert.equal((await fetch(`${mirror.repo}/config`, { headers: { connection: 'close' } })).status, 200);
    return pidsOfRequests(await podman.log(mirror.id)).size >= count || undefined;
  };
  await eventually('two workers answer', () => answered(2));
  const first = await podman.must(['inspect', '--format={{.State.Pid}}', mirror.id]);
  const children = readFileSync(`/proc/${first}/task/${first}/children`, 'utf8').trim().split(' ');
  assert.equal(children.length, 2);
  for (const child of children) {
    const command = readFileSync(`/proc/${child}/cmdline`, 'utf8').split('\0');
    assert.match(command[0] ?? '', /\/lib\/ld\.so$/);
    assert.match(command.join(' '), /--library-path \S+ \S+\/bin\/node .*\/app\/treeport\.mjs serve/);
  }
  process.kill(Number(children[0]), 'SIGKILL');
  await eventually('another worker answers', () => answered(3));
  await podman.must(['stop', '--time=20', mirror.id]);
  assert.equal(await podman.must(['inspect', '--format={{.State.ExitCode}}', mirror.id]), '0');
});
