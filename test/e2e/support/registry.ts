/** A `docker-registry` on the loopback: plain and open, or with TLS of a CA of its own and a password. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from '../../support/free-port.ts';
import { eventually, type Running, start, whenAnswering } from './processes.ts';
import { must } from './run.ts';

/** Starts an empty registry that keeps its data below `folder`; gives `localhost:PORT`. */
export async function startRegistry(t: Pick<TestContext, 'after'>, folder: string): Promise<string> {
  const port = await freePort();
  const running = start(t, await registryCommand(folder, port, ''));
  await whenAnswering(`http://127.0.0.1:${port}/v2/`, running);
  return `localhost:${port}`;
}

export type SecureRegistry = {
  /** `localhost:PORT` */
  readonly name: string;
  /** Directory with the CA's certificate, as `ca.crt`. */
  readonly certDir: string;
  /** The user's credentials, and some with another password. */
  readonly authfile: string;
  readonly wrongAuthfile: string;
  readonly running: Running;
};

/** bcrypt of `secret`; the registry knows no other hash. */
const USER_LINE = 'user:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n';

/** Starts an empty registry that speaks TLS only and wants `user` and `secret`. Needs openssl. */
export async function startSecureRegistry(
  t: Pick<TestContext, 'after'>,
  folder: string,
): Promise<SecureRegistry> {
  const port = await freePort();
  const name = `localhost:${port}`;
  const tls = await makeCertificate(folder);
  const passwords = join(folder, 'htpasswd');
  await writeFile(passwords, USER_LINE);
  const secured = [
    `  tls: {certificate: ${tls.certificate}, key: ${tls.key}}`,
    `auth: {htpasswd: {realm: test, path: ${passwords}}}`,
  ].join('\n');
  const running = start(t, await registryCommand(folder, port, secured));
  await eventually('the registry asks for a password', () => answersTo(port, 401, running));
  return {
    name,
    certDir: tls.certDir,
    authfile: await credentials(join(folder, 'auth.json'), name, 'user:secret'),
    wrongAuthfile: await credentials(join(folder, 'wrong-auth.json'), name, 'user:guess'),
    running,
  };
}

async function registryCommand(folder: string, port: number, more: string): Promise<readonly string[]> {
  const data = join(folder, 'registry');
  const config = join(folder, 'registry.yml');
  await mkdir(data);
  const lines = [
    'version: 0.1',
    'log: {level: error}',
    `storage: {filesystem: {rootdirectory: ${data}}}`,
    'http:',
    `  addr: 127.0.0.1:${port}`,
    more,
    '',
  ];
  await writeFile(config, lines.join('\n'));
  return ['docker-registry', 'serve', config];
}

type Certificate = { readonly certDir: string; readonly certificate: string; readonly key: string };

/** A CA, and a certificate for localhost that it signed. */
async function makeCertificate(folder: string): Promise<Certificate> {
  const certDir = join(folder, 'certs');
  await mkdir(certDir);
  const at = (file: string) => join(folder, file);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const ca = ['-x509', '-subj', '/CN=treeport test CA', '-keyout', at('ca.key'), '-out', at('ca.crt')];
  await must(['openssl', 'req', ...newKey, ...ca]);
  const issued = [
    '-CA',
    at('ca.crt'),
    '-CAkey',
    at('ca.key'),
    '-keyout',
    at('tls.key'),
    '-out',
    at('tls.crt'),
  ];
  const named = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const leaf = ['-addext', 'basicConstraints=critical,CA:FALSE'];
  await must(['openssl', 'req', '-x509', ...newKey, ...issued, ...named, ...leaf]);
  await rename(at('ca.crt'), join(certDir, 'ca.crt'));
  return { certDir, certificate: at('tls.crt'), key: at('tls.key') };
}

async function credentials(file: string, name: string, words: string): Promise<string> {
  const auth = Buffer.from(words).toString('base64');
  await writeFile(file, JSON.stringify({ auths: { [name]: { auth } } }), { mode: 0o600 });
  return file;
}

/** Whatever the certificate. */
function answersTo(port: number, status: number, running: Running): Promise<true | undefined> {
  if (running.hasEnded()) throw new Error(running.output());
  const url = `https://127.0.0.1:${port}/v2/`;
  return new Promise((resolve, reject) => {
    get(url, { rejectUnauthorized: false, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === status ? true : undefined);
    }).on('error', reject);
  });
}
