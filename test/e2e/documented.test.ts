/**
 * Runs the blocks of commands in the documentation as they stand there, page by page, in folders of the test
 * and with a registry of its own: those that test/support/documented.ts says are run.
 */
import assert from 'node:assert/strict';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { after, before, type TestContext } from 'node:test';
import { type CommandBlock, commandBlocks, DOCUMENTED, proofOf } from '../support/documented.ts';
import { unlessLibostree } from '../support/libostree.ts';
import { unlessInstalled } from '../support/programs.ts';
import { runRecipe } from '../support/recipe.ts';
import { newRepo } from './support/import-repo.ts';
import { startRegistry } from './support/registry.ts';
import { must, mustTreeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';
import { serve } from './support/serve.ts';

const skip = unlessLibostree() || unlessInstalled('ostree', 'skopeo', 'docker-registry');
const REF = 'os/x86_64/stable';
const HOST = 'registry.example.com';
const PAGES = Object.keys(DOCUMENTED);

/** Words of pages that stand for others, beside the folders: some pages have shorter names of refs. */
const WORDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'docs/operations/deltas.md': {
    'from the parent of os': '',
    ' os^^ os ': ` ${REF}^^ ${REF} `,
    ' os  ': ` ${REF}  `,
    'os/stable': REF,
    'oci:DIR': 'oci:deltas',
  },
  'docs/operations/layers.md': { 'os/2026-09 os/2026-10 os/2026-11': `${REF}^^ ${REF}^ ${REF}` },
  'docs/operations/snapshots.md': { "'app/**' 'runtime/**'": "'os/**'", "'app/**'": "'os/**'" },
  'docs/operations/packages.md': { 'os/stable': REF },
  'docs/operations/signatures.md': { '/etc/ostree/os.ed25519': 'os.ed25519.pub' },
};

const PACKAGES = (version: number) =>
  ['base', 'shell'].map(
    (name) =>
      `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\nMaintainer: a\nDescription: d\n`,
  );

/** A repository with three commits of a system with packages, signed, and a key in `os.ed25519`. */
async function makeWorld(folder: string): Promise<void> {
  const [repo, tree] = [join(folder, 'srv/repo'), join(folder, 'tree')];
  const dpkg = join(tree, 'usr/share/factory/var/lib/dpkg');
  for (const path of [
    join(folder, 'srv'),
    join(tree, 'usr/bin'),
    join(tree, 'usr/etc'),
    join(tree, 'usr/lib'),
    join(dpkg, 'info'),
  ])
    await mkdir(path, { recursive: true });
  await newRepo(repo);
  await writeFile(join(tree, 'usr/lib/os-release'), 'NAME=os\n');
  await writeFile(join(dpkg, 'info/base.list'), '/.\n/usr\n/usr/lib\n/usr/lib/os-release\n');
  await writeFile(join(dpkg, 'info/shell.list'), '/.\n/usr\n/usr/bin\n/usr/bin/sh\n/etc\n/etc/bash.bashrc\n');
  for (const version of [1, 2, 3]) {
    await writeFile(join(tree, 'usr/bin/sh'), `shell ${version}\n`.repeat(500));
    await writeFile(join(tree, 'usr/etc/bash.bashrc'), `version=${version}\n`);
    await writeFile(join(dpkg, 'status'), PACKAGES(version).join('\n'));
    const words = [
      'commit',
      `--branch=${REF}`,
      `--bind-ref=${REF}`,
      `--timestamp=2026-01-0${version} 00:00:00Z`,
    ];
    await must(['ostree', `--repo=${repo}`, ...words, tree]);
  }
  const key = join(folder, 'first.ed25519');
  const trusted = await mustTreeport(['sign', 'keygen', key]);
  await mustTreeport(['sign', 'commit', '--repo', repo, '--keys-file', key, REF]);
  const options = [
    '--set=gpg-verify=false',
    '--set=sign-verify=ed25519',
    `--set=verification-ed25519-key=${trusted}`,
  ];
  await must(['ostree', `--repo=${repo}`, 'remote', 'add', ...options, 'os', 'https://os.example.com/repo']);
}

const shared: { folder?: string; registry?: string } = {};
const cleanups: (() => unknown)[] = [];
/** For all tests: set up once, because each command takes its time. */
const whole: Pick<TestContext, 'after'> = { after: (work) => void cleanups.push(work as () => unknown) };

before(async () => {
  if (skip !== false) return;
  shared.folder = await tempDir(whole);
  const template = join(shared.folder, 'template');
  await makeWorld(template);
  shared.registry = await startRegistry(whole, shared.folder);
  const repo = join(template, 'srv/repo');
  const push = (name: string, ref: string, more: readonly string[] = []) =>
    mustTreeport([
      ...[
        'container',
        'encapsulate',
        '--quiet',
        '--insecure-skip-tls-verification',
        '--repo',
        repo,
        ...more,
        ref,
      ],
      `docker://${shared.registry}/${name}`,
    ]);
  await push('os:1', `${REF}^`);
  await push('os:stable', REF);
  for (const arch of ['amd64', 'arm64']) await push(`os/${arch}:1`, REF, ['--arch', arch]);
});

after(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup();
});

/** What the pages take for granted, before their first block. */
const PREPARED: Readonly<Record<string, string>> = {
  'docs/operations/import.md': `treeport tar export --repo /srv/repo ${REF} > os.tar\n`,
  'docs/operations/signatures.md':
    'treeport sign keygen os.ed25519\nostree --repo=/srv/repo remote delete os\n',
  'docs/operations/snapshots.md':
    'mkdir -p /media/stick\ntreeport snapshot create --repo /srv/repo oci:/srv/next\nostree --repo=/srv/copy init --mode=archive\ntreeport snapshot extract oci:/srv/next --repo /srv/copy\n',
  'README.md':
    'ostree --repo=/srv/client init --mode=archive\nmkdir -p /media/stick\nostree --repo=/srv/copy init --mode=archive\n',
};

for (const page of PAGES) {
  const blocks = commandBlocks(page).filter((block) => proofOf(block) === 'run');
  if (blocks.length > 0)
    test(`${page}: ${blocks.length} blocks of commands`, { skip, timeout: 300_000 }, (t) =>
      runPage(t, page, blocks),
    );
}

async function runPage(t: TestContext, page: string, blocks: readonly CommandBlock[]): Promise<void> {
  const folder = join(shared.folder ?? assert.fail(), page.replaceAll('/', '-'));
  await cp(join(shared.folder ?? '', 'template'), folder, { recursive: true });
  const conf = join(folder, 'registries.conf');
  await writeFile(conf, `[[registry]]\nlocation = "${shared.registry}"\ninsecure = true\n`);
  const repo = join(folder, 'srv/repo');
  const code = blocks.map((block) => block.code).join('\n');
  const origin = code.includes('http://os-mirror:8080') ? (await serve(t, repo)).origin : '';
  if (code.includes('FROM-TO')) await mustTreeport(['delta', 'generate', '--repo', repo, REF]);
  const delta = code.includes('FROM-TO') ? await mustTreeport(['delta', 'list', '--repo', repo]) : '';
  await mkdir(join(folder, 'etc/treeport'), { recursive: true });
  await cp('deploy/treeport-deltas.conf', join(folder, 'etc/treeport/deltas.conf'));
  const words = {
    ...WORDS[page],
    ...Object.fromEntries(
      ['/srv/', '/media/', '/var/cache/', '/etc/treeport/'].map((path) => [path, folder + path]),
    ),
    [HOST]: shared.registry ?? '',
    'http://os-mirror:8080': origin,
    'FROM-TO': delta.split(/\s/)[0] ?? '',
  };
  const env = { CONTAINERS_REGISTRIES_CONF: conf, OSTREE_REPO: join(folder, 'srv/client') };
  if (PREPARED[page] !== undefined) await runRecipe(folder, PREPARED[page], words, { env });
  for (const block of blocks)
    await runRecipe(folder, block.code, words, { env }).catch((error: Error) => {
      throw new Error(`${page}, "${block.heading}": ${error.message}`, { cause: error });
    });
}
