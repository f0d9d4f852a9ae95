import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { variant } from '../../../src/gvariant/index.ts';
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
  assert.deepEqual(
    [...body.matchAll(/<th scope="row">(.*?)<\/th>/gs)].map(([, name]) => name),
    ['os/stable'],
  );
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
