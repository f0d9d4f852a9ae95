/**
 * A mirror image of component layers starts itself and serves what one of a single layer serves: every
 * object, and every file of its published repo, byte for byte.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import test from 'node:test';
import { Random } from '../gvariant/random.ts';
import { commitHistory, debianTree, type Tree } from '../support/package-trees.ts';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { Client } from './support/client.ts';
import { crawl, pathsOf } from './support/crawl.ts';
import { treeListing } from './support/import-repo.ts';
import { readLayout, unpack } from './support/layout.ts';
import { CONFINED, PODMAN_PROGRAMS, Podman } from './support/podman.ts';
import { must, mustTreeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const REF = 'system/stable';
const PACKAGES = 12;
const PUBLISHED = 'sysroot/ostree/repo/extensions/treeport/repo';
/** By default the form of an object depends on the client's link. */
const ONE_FORM = '--env=TREEPORT_DEFLATE_LEVEL=6';

/** Packages with programs, configuration, links, empty files, and files that several of them have. */
function systemOf(version: string): Tree {
  const names = Array.from({ length: PACKAGES }, (_, index) => `package-${index}`);
  const lists = names.map((name) => [
    name,
    [`/usr/bin/${name}`, `/etc/${name}.conf`, `/usr/share/doc/${name}/copyright`, `/usr/lib/${name}.link`],
  ]);
  const files = names.map((name, index) => ({
    [`usr/bin/${name}`]: new Random(index).bytes(20_000 * (index + 1)),
    [`usr/etc/${name}.conf`]: index % 3 === 0 ? '' : `${name} ${version}`,
    [`usr/share/doc/${name}/copyright`]: 'the same licence for all of them'.repeat(200),
    [`usr/lib/${name}.link`]: { to: `../bin/${name}` },
  }));
  const own = { 'usr/lib/os-release': `VERSION=${version}`, 'usr/share/unowned': 'x'.repeat(2_000_000) };
  return debianTree(Object.fromEntries(lists), Object.assign(own, ...files));
}

test('a mirror of component layers serves the bytes of a mirror of one layer', {
  skip: unlessRoot() || unlessInstalled('ostree', 'tar', ...PODMAN_PROGRAMS),
  timeout: 600_000,
}, async (t) => {
  const folder = await tempDir(t);
  const repo = join(folder, 'repo');
  const [before = '', commit = ''] = await commitHistory(repo, [systemOf('1'), systemOf('2')]);
  await must(['ostree', `--repo=${repo}`, 'refs', `--create=${REF}`, commit]);
  const podman = await Podman.create(t, folder);
  const delta = `from=${before}`;
  const served = new Map<string, ReadonlyMap<string, string>>();
  const objects = await pathsOf(repo, REF, commit);

  for (const [packing, layers] of [
    ['stable', PACKAGES],
    ['single', 1],
  ] as const) {
    const [image, root] = [join(folder, packing), join(folder, `${packing}-root`)];
    const words = [
      '--quiet',
      '--compression',
      'gzip:1',
      '--packing',
      packing,
      '--delta',
      delta,
      '--repo',
      repo,
    ];
    await mustTreeport(['mirror', 'build', ...words, REF, `oci:${image}`]);
    const made = readLayout(image);
    const components = made.layers.filter(({ annotations }) => annotations?.['ostree.components']);
    assert.ok(components.length >= layers - 1, `${packing}: ${components.length} component layers`);
    await unpack(made.layers, root);
    const files = filesBelow(join(root, PUBLISHED));
    assert.ok(
      files.some((path) => path.startsWith('deltas/')),
      files.join(' '),
    );

    const name = `localhost/treeport-e2e-${packing}`;
    await podman.load(`oci:${image}`, name);
    const mirror = await podman.startMirror(name, '--user=123456:0', ONE_FORM, ...CONFINED);
    served.set(packing, await crawl(mirror.repo, [...new Set([...objects, ...files])]));
    for (const deltas of ['--disable-static-deltas', '--require-static-deltas']) {
      const client = await Client.create(folder, mirror.repo);
      if (deltas.startsWith('--require')) {
        await client.ostree('pull-local', '--remote=mirror', repo, before);
        await client.ostree('refs', `--create=mirror:${REF}`, before);
      }
      await client.pull(deltas, REF);
      assert.equal(await client.revision(REF), commit);
      await client.fsck();
      assert.equal(await treeListing(client.path, commit), await treeListing(repo, commit), packing);
    }
    await podman.must(['rm', '--force', '--time=0', mirror.id]);
  }

  const [chunked, single] = [served.get('stable') ?? new Map(), served.get('single') ?? new Map()];
  const answered = [...single].filter(([, answer]) => !answer.startsWith('status')).map(([path]) => path);
  assert.deepEqual(
    objects.filter((path) => !answered.includes(path)),
    ['summary.sig', objects.find((path) => path.endsWith('.commitmeta'))],
  );
  assert.ok(answered.some((path) => path.startsWith('deltas/')));
  assert.deepEqual([...chunked].toSorted(), [...single].toSorted());
});

function filesBelow(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}
