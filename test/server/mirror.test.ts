import assert from 'node:assert/strict';
import test from 'node:test';
import fastify from 'fastify';
import { mirror } from '../../src/index.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { FIXTURE_REF, fixtureObject } from '../support/ostree-fixture.ts';
import { archiveFixture, archiveUrl, bareFixture } from './repos.ts';
import { idOf } from './served.ts';

test('another app registers the mirror below a prefix and keeps its own routes, errors and methods', async (t) => {
  const { repo, commit } = await archiveFixture(t);
  const app = fastify();
  t.after(() => app.close());
  app.get('/', async () => ({ hello: 'app' }));
  app.post('/form', async () => 'posted');
  app.register(mirror, { prefix: '/os/stable', repo });

  assert.deepEqual((await app.inject('/')).json(), { hello: 'app' });
  assert.equal((await app.inject({ method: 'POST', url: '/form' })).body, 'posted');
  assert.equal((await app.inject('/nowhere')).json().statusCode, 404);
  assert.equal((await app.inject('/repo/config')).statusCode, 404);
  assert.equal((await app.inject('/healthz')).statusCode, 404);
  assert.equal(app.hasDecorator('mirror'), false);

  const repoUrl = '/os/stable/repo';
  assert.match((await app.inject(`${repoUrl}/config`)).body, /mode=archive-z2/);
  assert.equal((await app.inject(`${repoUrl}/refs/heads/${FIXTURE_REF}`)).body, `${commit}\n`);
  for (const name of [loosePath(commit, 'commit'), loosePath(fixtureObject('/usr/bin/bash'), 'filez')]) {
    const get = await app.inject(`${repoUrl}/${name}`);
    const head = await app.inject({ method: 'HEAD', url: `${repoUrl}/${name}` });
    assert.deepEqual([get.statusCode, head.statusCode, head.body], [200, 200, '']);
    assert.equal(head.headers.etag, get.headers.etag);
  }
  assert.equal((await app.inject('/os/stable/readyz')).body, 'ready\n');

  const page = await app.inject('/os/stable/');
  assert.ok(page.body.includes('href="/os/stable/assets/style.css"'));
  assert.ok(page.body.includes(`http://localhost:80${repoUrl}`));
  assert.equal((await app.inject('/os/stable/assets/style.css')).statusCode, 200);

  const missing = await app.inject('/os/stable/nowhere');
  assert.deepEqual([missing.statusCode, missing.body], [404, '']);
  const posted = await app.inject({ method: 'POST', url: `${repoUrl}/config` });
  assert.deepEqual([posted.statusCode, posted.headers.allow], [405, 'GET, HEAD']);
});

test('one app has several mirrors', async (t) => {
  const { repo } = await archiveFixture(t);
  const bare = bareFixture(t);
  const id = bare.file('content of the second');
  const app = fastify();
  t.after(() => app.close());
  app.register(mirror, { prefix: '/first', repo });
  app.register(mirror, { prefix: '/second', repo: await bare.open(), basePath: '/' });
  assert.equal((await app.inject('/first/repo/config')).statusCode, 200);
  assert.equal((await app.inject('/second/config')).statusCode, 200);
  const object = archiveUrl(id).replace('/repo', '/second');
  assert.equal(idOf((await app.inject(object)).rawPayload), id);
  assert.equal((await app.inject(archiveUrl(id).replace('/repo', '/first/repo'))).statusCode, 404);
});
