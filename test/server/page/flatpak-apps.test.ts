import assert from 'node:assert/strict';
import test from 'node:test';
import { variant } from '../../../src/gvariant/index.ts';
import type { Checksum } from '../../../src/ostree/checksum.ts';
import { commitTree, type TreeNode } from '../../../src/ostree/commit-tree.ts';
import { ArchiveWriter } from '../../../src/ostree/repo/archive-writer.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { FlatpakApps } from '../../../src/server/page/flatpak-apps.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { tempFolder } from '../repos.ts';
import { served } from '../served.ts';

const ID = 'org.example.App';
const REF = `app/${ID}/x86_64/stable`;
const ICON = Buffer.from('\x89PNG and pixels', 'latin1');

/** A directory for each part of the paths. */
function tree(files: Readonly<Record<string, string | Buffer>>): TreeNode & { readonly kind: 'directory' } {
  const entries = new Map<string, TreeNode>();
  const names = new Set(Object.keys(files).map((path) => path.split('/')[0] as string));
  for (const name of names) {
    const content = files[name];
    if (content !== undefined) {
      entries.set(name, { kind: 'file', mode: 0o644, content });
      continue;
    }
    const below = Object.entries(files).filter(([path]) => path.startsWith(`${name}/`));
    entries.set(name, tree(Object.fromEntries(below.map(([path, is]) => [path.slice(name.length + 1), is]))));
  }
  return { kind: 'directory', mode: 0o755, entries };
}

async function repoOf(path: string, files: Readonly<Record<string, string | Buffer>>) {
  const writer = await ArchiveWriter.create(path);
  const metadata = new Map([['ostree.ref-binding', variant('as', [REF])]]);
  const commit = await commitTree(writer, tree(files), { timestamp: 1, metadata });
  await writer.ref(REF, commit);
  return { repo: await openRepository(path), commit };
}

const DESKTOP = `export/share/applications/${ID}.desktop`;
const AT = (size: string) => `export/share/icons/hicolor/${size}/apps/${ID}.png`;
const apps = async (files: Readonly<Record<string, string | Buffer>>, path: string) => {
  const { repo, commit } = await repoOf(path, files);
  return new FlatpakApps().of(repo.objects, [{ name: REF, commit }]);
};

test('the name and the icon that the app exports', async (t) => {
  const files = { [DESKTOP]: '[Desktop Entry]\nName=An app\nName[de]=Eine App\n', [AT('48x48')]: ICON };
  assert.deepEqual(await apps(files, tempFolder(t)), [
    {
      id: ID,
      architecture: 'x86_64',
      branch: 'stable',
      name: 'An app',
      icon: `data:image/png;base64,${ICON.toString('base64')}`,
    },
  ]);
});

test('without them there is the id, and no icon of another format or of a great size', async (t) => {
  const broken = {
    [DESKTOP]: 'no key file',
    [AT('64x64')]: '<svg/>',
    [AT('48x48')]: Buffer.concat([ICON, Buffer.alloc(40_000)]),
  };
  for (const files of [broken, { file: 'alone' }]) {
    const [app] = await apps(files, tempFolder(t));
    assert.deepEqual([app?.name, app?.icon], [ID, undefined]);
  }
  const missing: Checksum = repeatedChecksum('b');
  const { repo } = await repoOf(tempFolder(t), { file: 'alone' });
  const [app] = await new FlatpakApps().of(repo.objects, [{ name: REF, commit: missing }]);
  assert.equal(app?.name, ID);
});

test('the page shows apps with their install lines, and text of theirs as text', async (t) => {
  const { repo } = await repoOf(tempFolder(t), {
    [DESKTOP]: '[Desktop Entry]\nName=<b>bold</b>\n',
    [AT('64x64')]: ICON,
  });
  const { origin } = await served(t, repo);
  const page = await fetch(origin);
  const body = await page.text();
  assert.match(body, /<strong>&lt;b&gt;bold&lt;\/b&gt;<\/strong>/);
  assert.match(body, /<img src="data:image\/png;base64,/);
  assert.match(body, /flatpak install mirror org\.example\.App\/x86_64\/stable/);
  assert.match(String(page.headers.get('content-security-policy')), /img-src data:/);
});
