/**
 * Registries that refuse, fail, send elsewhere or speak no proper TLS: one line with a code each, nothing
 * left, nothing lost.
 */
import assert from 'node:assert/strict';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import type { ErrorCode } from '../../src/base/error-codes.ts';
import type { Flaw, Thing } from '../support/flawed-registry.ts';
import { freePort } from '../support/free-port.ts';
import { unlessInstalled } from '../support/programs.ts';
import { importWords, type RegistryPlace, refused, registryPlace } from './support/registry-place.ts';
import { must, mustTreeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessInstalled('ostree', 'skopeo');
const timeout = 120_000;
/** skopeo tries again after so many seconds when there were too many requests. */
const NOW = { 'retry-after': '0' };

type What = 'ping' | 'manifest' | 'config' | 'ostree layer' | 'component layer';

const FAILURES: readonly (readonly [What, Flaw, ErrorCode, string | RegExp])[] = [
  ['ping', { status: 503 }, 'ERR_REGISTRY_UNREACHABLE', 'try again later'],
  ['ping', { status: 404 }, 'ERR_REGISTRY_UNREACHABLE', 'no registry answers there'],
  ['ping', { status: 307, headers: { location: '/v2/' } }, 'ERR_REGISTRY_UNREACHABLE', 'redirects'],
  ['manifest', { status: 500 }, 'ERR_REGISTRY_UNREACHABLE', 'try again later'],
  ['manifest', { status: 429, headers: NOW }, 'ERR_REGISTRY_UNREACHABLE', 'wait and try again'],
  ['manifest', { status: 403 }, 'ERR_REGISTRY_AUTH', 'podman login'],
  ['manifest', { status: 400 }, 'ERR_SKOPEO', '400'],
  ['manifest', { cutAfter: 100 }, 'ERR_REGISTRY_UNREACHABLE', 'EOF'],
  ['manifest', { bytes: Buffer.from('<html>Log in</html>') }, 'ERR_JSON', 'login page'],
  ['config', { status: 404 }, 'ERR_BLOB_MISSING', 'is missing'],
  ['config', { cutAfter: 10 }, 'ERR_REGISTRY_UNREACHABLE', 'EOF'],
  ['ostree layer', { status: 429, headers: NOW }, 'ERR_REGISTRY_UNREACHABLE', 'wait and try again'],
  ['component layer', { status: 503 }, 'ERR_REGISTRY_UNREACHABLE', 'try again later'],
  ['component layer', { status: 401 }, 'ERR_REGISTRY_AUTH', 'podman login'],
  [
    'component layer',
    { status: 307, headers: { location: 'http://127.0.0.1:1/x' } },
    'ERR_REGISTRY_UNREACHABLE',
    'refused',
  ],
];

function thingOf({ config, layers }: RegistryPlace, what: What): Thing {
  if (what === 'ping' || what === 'manifest') return what;
  if (what === 'config') return config;
  return layers[what === 'ostree layer' ? 0 : 2] as Thing;
}

test('failures of each request, and the import that succeeds after them', { skip, timeout }, async (t) => {
  const place = await registryPlace(t, 3, { late: 0 });
  for (const [what, flaw, code, naming] of FAILURES) {
    const thing = thingOf(place, what);
    place.registry.flaws.set(thing, flaw);
    const named = thing.startsWith('sha256:') ? [thing, place.image] : [place.image];
    await refused(place, importWords(place), code, naming, ...named);
    place.registry.flaws.delete(thing);
  }
  const done = await mustTreeport(importWords(place), { env: place.env });
  assert.equal(done, `Imported: os => ${place.commit}`);
});

test('a port where nothing listens', { skip, timeout }, async (t) => {
  const place = await registryPlace(t, 1, { late: 0 });
  const image = `docker://127.0.0.1:${await freePort()}/os:tag`;
  await refused(
    place,
    importWords({ ...place, image }),
    'ERR_REGISTRY_UNREACHABLE',
    image,
    'connection refused',
  );
});

test('blobs that lie elsewhere are fetched from there', { skip, timeout }, async (t) => {
  const place = await registryPlace(t, 2);
  const elsewhere = await registryPlace(t, 2);
  const [host] = elsewhere.registry.name.split('/');
  for (const layer of place.layers) {
    const location = `http://${host}/v2/os/blobs/${layer}`;
    place.registry.flaws.set(layer, { status: 307, headers: { location } });
  }
  const done = await mustTreeport(importWords(place), { env: place.env });
  assert.equal(done, `Imported: os => ${place.commit}`);
  assert.ok(elsewhere.registry.requests.length >= place.layers.length);
});

/** A key and a certificate that it signed itself, for this name. */
async function selfSigned(t: test.TestContext, name: string) {
  const folder = await tempDir(t);
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  await must(['openssl', 'req', '-x509', ...newKey, ...subject, '-keyout', key, '-out', cert]);
  const tls = { key: await readFile(key), cert: await readFile(cert) };
  await mkdir(join(folder, 'certs'));
  await rename(cert, join(folder, 'certs/ca.crt'));
  return { tls, certDir: join(folder, 'certs') };
}

test('certificates that do not fit, and no TLS where it is wanted', {
  skip: skip || unlessInstalled('openssl'),
  timeout,
}, async (t) => {
  const importWithTls = ({ repo, image }: RegistryPlace, ...more: readonly string[]) => {
    const words = ['container', 'unencapsulate', '--repo', repo, '--write-ref', 'os', '--quiet', ...more];
    return [...words, `ostree-unverified-image:${image}`];
  };
  const { tls, certDir } = await selfSigned(t, 'registry.example.com');
  const secure = await registryPlace(t, 1, { late: 0, tls });
  await refused(secure, importWithTls(secure), 'ERR_REGISTRY_TLS', secure.image, '--cert-dir');
  const known = importWithTls(secure, '--cert-dir', certDir);
  await refused(secure, known, 'ERR_REGISTRY_TLS', secure.image, /x509: /);
  const done = await mustTreeport(importWords(secure), { env: secure.env });
  assert.equal(done, `Imported: os => ${secure.commit}`);

  const plain = await registryPlace(t, 1, { late: 0 });
  await refused(
    plain,
    importWithTls(plain),
    'ERR_REGISTRY_TLS',
    plain.image,
    '--insecure-skip-tls-verification',
  );
});
