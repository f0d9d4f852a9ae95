/**
 * deploy/nginx.conf before a mirror: nginx accepts it, clients pull through it with TLS, and its cache spares
 * the mirror.
 */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { inMountNamespace, unlessNamespaces } from '../support/mount-namespace.ts';
import { unlessInstalled } from '../support/programs.ts';
import { projectText, ROOT } from '../support/project.ts';
import { Client } from './support/client.ts';
import { OS_REF, osRepo, unlessOsRepo } from './support/os-repo.ts';
import { eventually, start } from './support/processes.ts';
import { must, run } from './support/run.ts';
import { tempDir } from './support/scratch.ts';
import { type Serving, serve } from './support/serve.ts';

const skip = unlessOsRepo('nginx', 'openssl', 'curl');
const timeout = 300_000;

type Proxy = { readonly origin: string; readonly certificate: string };

/** The documented configuration with the addresses and paths of this test. */
async function startProxy(t: TestContext, folder: string, mirror: Serving): Promise<Proxy> {
  const certificate = await makeCertificate(folder);
  const address = `127.0.0.1:${await freePort()}`;
  const site = projectText('deploy/nginx.conf')
    .replace('server 127.0.0.1:8080;', `server ${new URL(mirror.origin).host};`)
    .replace(/^ *listen 443 /m, `listen ${address} `)
    .replace(/^ *listen \[::\].*\n/m, '')
    .replace(/ssl_certificate .*/, `ssl_certificate ${certificate};`)
    .replace(/ssl_certificate_key .*/, `ssl_certificate_key ${folder}/key.pem;`)
    .replace('/var/cache/nginx-treeport', join(folder, 'cache'));
  const configuration = join(folder, 'nginx.conf');
  await mkdir(join(folder, 'tmp'));
  await writeFile(configuration, `${wholeConfiguration(folder)}http {\n${SURROUNDINGS}${site}}\n`);
  const words = ['nginx', '-p', folder, '-e', join(folder, 'error.log'), '-c', configuration];
  await must([...words, '-t']);
  start(t, [...words, '-g', 'daemon off;']);
  const origin = `https://${address}`;
  await eventually(`${origin} is ready`, async () => {
    const { status } = await run(['curl', '--fail', '--silent', '--cacert', certificate, `${origin}/readyz`]);
    return status === 0 || undefined;
  });
  return { origin, certificate };
}

/** What Debian's main file says, for a folder of the test. */
const SURROUNDINGS = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  .map((kind) => `${kind}_temp_path tmp;\n`)
  .concat('access_log off;\n')
  .join('');

function wholeConfiguration(folder: string): string {
  return `user root;\npid ${folder}/nginx.pid;\nevents {}\n`;
}

async function makeCertificate(folder: string): Promise<string> {
  const certificate = join(folder, 'certificate.pem');
  const names = ['-subj', '/CN=treeport test', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const files = ['-keyout', join(folder, 'key.pem'), '-out', certificate];
  await must(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...names, ...files]);
  return certificate;
}

async function pullAll(folder: string, { origin, certificate }: Proxy): Promise<void> {
  const client = await Client.create(folder, `${origin}/repo`);
  await client.ostree('config', 'set', 'remote "mirror".tls-ca-path', certificate);
  await client.pull('--disable-static-deltas', OS_REF);
  assert.equal(await client.revision(OS_REF), (await osRepo()).commit);
  await client.fsck();
}

/** How many requests for content objects the mirror has answered. */
function contentRequests(mirror: Serving): number {
  return mirror.output().match(/\.filez"/g)?.length ?? 0;
}

test('nginx accepts the file as it is, beside the files that Debian installs', {
  skip: unlessNamespaces() || unlessInstalled('nginx', 'openssl'),
  timeout,
}, async (t) => {
  const folder = await tempDir(t);
  await makeCertificate(folder);
  const commands = `
    for empty in /etc/nginx/conf.d /etc/nginx/sites-enabled /etc/ssl /var/cache; do mount -t tmpfs none $empty; done
    mkdir /etc/ssl/certs /etc/ssl/private
    cp $1/certificate.pem /etc/ssl/certs/mirror.example.com.pem
    cp $1/key.pem /etc/ssl/private/mirror.example.com.key
    cp $2 /etc/nginx/conf.d/treeport.conf
    nginx -t`;
  const { status, stderr } = await inMountNamespace(commands, folder, join(ROOT, 'deploy/nginx.conf'));
  assert.equal(status, 0, stderr);
});

test('clients pull through nginx, and the second pull fetches no object from the mirror', {
  skip,
  timeout,
}, async (t) => {
  const folder = await tempDir(t);
  // The level of docs/operations/proxies.md: with auto, the proxy keeps most objects for a minute.
  const mirror = await serve(t, (await osRepo()).path, { words: ['--deflate-level', '6'] });
  const proxy = await startProxy(t, folder, mirror);

  await pullAll(folder, proxy);
  await eventually('the log of the first pull', () => contentRequests(mirror) > 3000 || undefined);
  const asked = contentRequests(mirror);
  await pullAll(folder, proxy);
  assert.equal(contentRequests(mirror), asked);

  const curl = ['curl', '--silent', '--cacert', proxy.certificate, '--output', '/dev/null'];
  const http2 = await must([...curl, '--write-out', '%{http_version}', `${proxy.origin}/repo/config`]);
  assert.equal(http2, '2');

  const page = await must(['curl', '--silent', '--cacert', proxy.certificate, `${proxy.origin}/repo/`]);
  assert.ok(page.includes(` mirror ${proxy.origin}/repo\n`), 'the page shows the address of the proxy');
});
