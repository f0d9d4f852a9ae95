import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { VERSION } from '../../../src/base/version.ts';
import { variant } from '../../../src/gvariant/index.ts';
import type { Checksum } from '../../../src/ostree/checksum.ts';
import { serializeDict } from '../../../src/ostree/metadata-dict.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { serializeSummary } from '../../../src/ostree/summary.ts';
import { createServer } from '../../../src/server/app.ts';
import type { ServerOptions } from '../../../src/server/options.ts';
import { FIXTURE_REF } from '../../support/ostree-fixture.ts';
import { archiveFixture } from '../repos.ts';

async function served(t: TestContext, options: Partial<ServerOptions> = {}) {
  const fixture = await archiveFixture(t);
  const { app } = await createServer({ repo: fixture.repo, ...options });
  t.after(() => app.close());
  return { ...fixture, app };
}

/** The names in the table; `<wbr>` only lets a line break there. */
function shownRefs(body: string): readonly string[] {
  return [...body.matchAll(/<th scope="row">(.*?)<\/th>/gs)].map(([, name]) =>
    String(name).replaceAll('<wbr>', ''),
  );
}

/** Adds detached metadata to the commit, as signatures of these kinds are kept. */
function sign({ path, commit }: { path: string; commit: Checksum }, kinds: readonly string[]): void {
  const metadata = kinds.map((kind) => [kind, variant('aay', [Buffer.alloc(64)])] as const);
  writeFileSync(join(path, loosePath(commit, 'commitmeta')), serializeDict(new Map(metadata)));
}

test('the page has the refs and the lines to use them, as the visitor reaches this server', async (t) => {
  const { app, commit } = await served(t);
  const headers = { host: 'os.example.org:8443', 'x-forwarded-proto': 'https' };
  const { body, statusCode } = await app.inject({ url: '/', headers });
  assert.equal(statusCode, 200);
  const url = 'https://os.example.org:8443/repo';
  const words = [
    `ostree remote add --no-gpg-verify mirror ${url}`,
    `ostree pull mirror ${FIXTURE_REF}`,
    `rpm-ostree rebase mirror:${FIXTURE_REF}`,
    commit,
    '<td>42.0</td>',
    '<time datetime="1997-08-29T',
    '<html lang="en">',
    'name="viewport" content="width=device-width',
  ];
  for (const word of words) assert.ok(body.includes(word), word);
});

test('a host that is no host does not get into the lines', async (t) => {
  const { app } = await served(t);
  for (const host of ['x; rm -rf /', '"><script>', 'a b', '$(reboot)']) {
    const { body } = await app.inject({ url: '/', headers: { host, 'x-forwarded-proto': 'javascript' } });
    assert.ok(body.includes('http://localhost:'), body);
    assert.ok(!body.includes(host), body);
  }
});

test('names in a summary that are no ref names are counted, and not shown', async (t) => {
  const { app, path, commit } = await served(t);
  const names = [
    '$(reboot)',
    'a b',
    '-rf',
    'a\nreboot',
    '`id`',
    "x'y",
    'a;b',
    '../x',
    '<b>',
    'os/stable',
    '',
  ];
  const refs = names.map((name) => ({ name, commit, commitSize: 1, metadata: new Map() }));
  writeFileSync(join(path, 'summary'), serializeSummary({ refs, metadata: new Map() }));
  const { body } = await app.inject('/');
  assert.deepEqual(shownRefs(body), ['os/stable']);
  assert.ok(body.includes('ostree pull mirror os/stable') && body.includes('Not shown: 10 names'), body);
  assert.doesNotMatch(body, /reboot|-rf|`id`/);
});

test('commits with signatures are to be verified', async (t) => {
  const { app, path, commit } = await served(t);
  writeFileSync(
    join(path, loosePath(commit, 'commitmeta')),
    serializeDict(new Map([['ostree.gpgsigs', variant('aay', [Buffer.from('signature')])]])),
  );
  const { body } = await app.inject('/');
  assert.ok(body.includes('--gpg-import=KEY.gpg') && !body.includes('--no-gpg-verify'));
});

test('the address of the repository shows the page, below a prefix as well', async (t) => {
  const { app, repo } = await served(t);
  const page = await app.inject('/');
  for (const url of ['/repo', '/repo/', '/repo?of=people']) {
    for (const method of ['GET', 'HEAD'] as const) {
      const { statusCode, headers, body } = await app.inject({ method, url });
      assert.deepEqual([statusCode, headers['content-type']], [200, page.headers['content-type']], url);
      assert.equal(body, method === 'HEAD' ? '' : page.body);
    }
  }
  const root = await createServer({ repo, basePath: '/' });
  t.after(() => root.app.close());
  assert.match((await root.app.inject('/')).body, /<h2>Refs/);
  assert.equal((await app.inject('/repository')).statusCode, 404);
});

test('a proxy that takes a prefix off says which, and anything but a path is ignored', async (t) => {
  const { app } = await served(t);
  const page = async (prefix: string) =>
    (await app.inject({ url: '/', headers: { host: 'os.example.org', 'x-forwarded-prefix': prefix } })).body;
  const body = await page('/mirrors/os/');
  assert.ok(
    body.includes('ostree remote add --no-gpg-verify mirror http://os.example.org/mirrors/os/repo\n'),
  );
  assert.ok(body.includes('href="/mirrors/os/assets/style.css"'));
  for (const prefix of ['x', '/a b', '/$(reboot)', '//evil.example', '/a, /b', '/..;']) {
    assert.ok((await page(prefix)).includes('mirror http://os.example.org/repo\n'), prefix);
  }
});

test('refs are in natural order', async (t) => {
  const { app, path, commit } = await served(t);
  for (const name of ['os/10', 'os/2', 'os/2.10', 'os/2.9']) {
    mkdirSync(dirname(join(path, 'refs/heads', name)), { recursive: true });
    writeFileSync(join(path, 'refs/heads', name), commit);
  }
  const names = shownRefs((await app.inject('/')).body).filter((name) => name.startsWith('os/'));
  assert.deepEqual(names, ['os/2', 'os/2.9', 'os/2.10', 'os/10']);
});

test('the page says what is signed, and by which keys', async (t) => {
  const mirror = await served(t);
  const text = async () => (await mirror.app.inject('/')).body.replaceAll(/<\/?code>/g, '');
  assert.match(await text(), /<dt>Commits<\/dt><dd>not signed<\/dd>\s*<dt>Summary<\/dt><dd>not signed</);

  sign(mirror, ['ostree.sign.ed25519', 'ostree.sign.spki']);
  const signed = await text();
  assert.match(signed, /<dt>Commits<\/dt><dd>signed with ed25519, spki</);
  assert.match(signed, /Requested signature type is not implemented.* without ed25519 and spki,/);
  for (const kind of ['ed25519', 'spki'])
    assert.ok(signed.includes(`--sign-verify=${kind}=file:/PATH/TO/KEY.${kind}.pub`), kind);

  // A version 3 signature names its key at bytes 7 to 14 of its body.
  const key = Buffer.from('0123456789abcdef', 'hex');
  const body = Buffer.concat([Buffer.from([3, 5, 0, 0, 0, 0, 1]), key, Buffer.alloc(4)]);
  const gpg = Buffer.concat([Buffer.from([0x88, body.length]), body]);
  writeFileSync(join(mirror.path, 'summary'), serializeSummary({ refs: [], metadata: new Map() }));
  writeFileSync(
    join(mirror.path, 'summary.sig'),
    serializeDict(new Map([['ostree.gpgsigs', variant('aay', [gpg])]])),
  );
  assert.match(await text(), /<dt>Summary<\/dt><dd>signed with GPG, key 0123456789ABCDEF<\/dd>/);
});

test('a summary that the server fails to sign does not take the page away', async (t) => {
  const sign = () => Promise.reject(new Error('no key'));
  const { app } = await served(t, { summarySigners: [{ kind: 'ed25519', sign }] });
  assert.match((await app.inject('/')).body, /<dt>Summary<\/dt><dd>cannot be signed now</);
});

test('the foot names the version', async (t) => {
  const { app } = await served(t);
  assert.ok((await app.inject('/')).body.includes(`<footer><p>treeport ${VERSION}</p>`));
});

test('a repository for flatpak, and one without refs', async (t) => {
  const { app, path, commit } = await served(t);
  rmSync(join(path, 'refs/heads'), { recursive: true });
  assert.ok((await app.inject('/')).body.includes('no refs'));
  const ref = join(path, 'refs/heads/app/org.example.App/x86_64/stable');
  mkdirSync(dirname(ref), { recursive: true });
  writeFileSync(ref, commit);
  const { body } = await app.inject('/');
  assert.ok(body.includes('flatpak remote-add') && !body.includes('rpm-ostree'));
});

test('no script can run, nothing is loaded from elsewhere, and the style sheet is there', async (t) => {
  const { app } = await served(t);
  const page = await app.inject('/');
  const policy = String(page.headers['content-security-policy']);
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe|script-src/);
  assert.doesNotMatch(page.body, /<script|style=|onclick/);
  const [, sheet] = /href="(\/assets\/[^"]+)"/.exec(page.body) ?? [];
  const style = await app.inject(String(sheet));
  assert.equal(style.statusCode, 200);
  assert.match(String(style.headers['content-type']), /^text\/css/);
});

test('the assets may lie elsewhere, as beside a bundle', async (t) => {
  const { path } = await archiveFixture(t);
  const assetsDir = join(path, 'assets');
  mkdirSync(assetsDir);
  writeFileSync(join(assetsDir, 'style.css'), 'b {}');
  const { app } = await served(t, { assetsDir });
  assert.equal((await app.inject('/assets/style.css')).body, 'b {}');
});
