/** flatpak lists and installs from a server of ours. As root, because for others it asks a session bus. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { CONFINED, PODMAN_PROGRAMS, Podman } from './support/podman.ts';
import { must, mustTreeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';
import { serve } from './support/serve.ts';

const skip = unlessRoot() || unlessInstalled('flatpak', 'ostree');
const timeout = 120_000;

type FlatpakRepo = {
  readonly folder: string;
  readonly path: string;
  readonly app: string;
  readonly runtime: string;
};

/** An app and its runtime of a few bytes each, exported by flatpak. */
async function flatpakRepo(t: TestContext): Promise<FlatpakRepo> {
  const folder = await tempDir(t);
  const arch = await must(['flatpak', '--default-arch']);
  const platform = `org.example.Platform/${arch}/1`;
  const [path, runtime, app] = [join(folder, 'repo'), join(folder, 'runtime'), join(folder, 'app')];
  for (const directory of [join(runtime, 'usr/bin'), join(runtime, 'files'), join(app, 'files/bin')]) {
    await mkdir(directory, { recursive: true });
  }
  await mkdir(join(app, 'export'));
  const common = `runtime=${platform}\nsdk=${platform}\n`;
  await writeFile(join(runtime, 'metadata'), `[Runtime]\nname=org.example.Platform\n${common}`);
  await writeFile(join(runtime, 'usr/bin/tool'), 'a tool\n');
  await writeFile(join(app, 'metadata'), `[Application]\nname=org.example.App\n${common}command=hello\n`);
  await writeFile(join(app, 'files/bin/hello'), '#!/bin/sh\necho hello\n', { mode: 0o755 });
  const export_ = ['flatpak', 'build-export', '--disable-sandbox'];
  await must([...export_, '--runtime', path, runtime, '1']);
  await must([...export_, path, app, 'stable']);
  await must(['flatpak', 'build-update-repo', path]);
  return { folder, path, app: `org.example.App/${arch}/stable`, runtime: platform };
}

/** A user's flatpak with everything of it below `folder`. */
async function flatpakOf(folder: string) {
  const env = {
    HOME: join(folder, 'home'),
    FLATPAK_USER_DIR: join(folder, 'flatpak'),
    XDG_DATA_HOME: join(folder, 'data'),
    XDG_CACHE_HOME: join(folder, 'cache'),
    XDG_RUNTIME_DIR: join(folder, 'run'),
  };
  for (const directory of Object.values(env)) await mkdir(directory, { recursive: true });
  return (...words: readonly string[]) => must(['flatpak', '--user', ...words], { env });
}

async function revision(repo: string, ref: string): Promise<string> {
  return (await must(['ostree', `--repo=${repo}`, 'rev-parse', ref])).slice(0, 12);
}

test('an app and its runtime are installed from treeport serve', { skip, timeout }, async (t) => {
  const { folder, path, app, runtime } = await flatpakRepo(t);
  const { repo: url } = await serve(t, path);
  const flatpak = await flatpakOf(join(folder, 'user'));
  await flatpak('remote-add', '--no-gpg-verify', 'mirror', url);
  const commits = [
    `app/${app}\t${await revision(path, `app/${app}`)}`,
    `runtime/${runtime}\t${await revision(path, `runtime/${runtime}`)}`,
  ];
  const listed = await flatpak('remote-ls', 'mirror', '--columns=ref,commit');
  assert.deepEqual(listed.split('\n').map(withKind).toSorted(), commits);
  await flatpak('install', '--assumeyes', '--noninteractive', 'mirror', 'org.example.App');
  const installed = await flatpak('list', '--columns=ref,active');
  assert.deepEqual(installed.split('\n').map(withKind).toSorted(), commits);
});

test('a runtime is installed from its mirror image', {
  skip: skip || unlessInstalled(...PODMAN_PROGRAMS),
  timeout,
}, async (t) => {
  const { folder, path, runtime } = await flatpakRepo(t);
  const ref = `runtime/${runtime}`;
  const image = join(folder, 'image');
  await mustTreeport(['mirror', 'build', '--quiet', '--repo', path, ref, `oci:${image}`]);
  const podman = await Podman.create(t, folder);
  await podman.load(`oci:${image}`, 'localhost/treeport-e2e-flatpak');
  const mirror = await podman.startMirror('localhost/treeport-e2e-flatpak', '--user=54321:0', ...CONFINED);
  const flatpak = await flatpakOf(join(folder, 'user'));
  await flatpak('remote-add', '--no-gpg-verify', 'mirror', mirror.repo);
  const listed = await flatpak('remote-ls', 'mirror', '--columns=ref,commit');
  assert.equal(withKind(listed), `${ref}\t${await revision(path, ref)}`);
  await flatpak('install', '--assumeyes', '--noninteractive', 'mirror', runtime);
  const installed = await flatpak('list', '--columns=ref,active');
  assert.equal(withKind(installed), `${ref}\t${await revision(path, ref)}`);
});

/** flatpak leaves the kind out of some of its lists. */
function withKind(line: string): string {
  if (/^(app|runtime)\//.test(line)) return line.trim();
  return `${line.startsWith('org.example.App') ? 'app' : 'runtime'}/${line.trim()}`;
}
