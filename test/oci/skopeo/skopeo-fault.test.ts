import assert from 'node:assert/strict';
import test from 'node:test';
import type { ErrorCode } from '../../../src/base/error-codes.ts';
import { skopeoFault } from '../../../src/oci/skopeo/skopeo-fault.ts';

const REGISTRY = 'docker://localhost:5000/os:1';

/** What skopeo 1.9 and later say. */
const SAID: readonly (readonly [ErrorCode, string])[] = [
  [
    'ERR_REGISTRY_UNREACHABLE',
    'pinging container registry localhost:1: Get "https://localhost:1/v2/": dial tcp [::1]:1: connect: connection refused',
  ],
  [
    'ERR_REGISTRY_UNREACHABLE',
    'pinging container registry nowhere.invalid: Get "https://nowhere.invalid/v2/": dial tcp: lookup nowhere.invalid: no such host',
  ],
  ['ERR_REGISTRY_UNREACHABLE', 'happened during read: unexpected EOF'],
  ['ERR_REGISTRY_UNREACHABLE', 'reading manifest 1 in localhost:5000/os: toomanyrequests: slow down'],
  [
    'ERR_REGISTRY_TLS',
    'pinging container registry localhost:5000: Get "https://localhost:5000/v2/": x509: certificate signed by unknown authority',
  ],
  [
    'ERR_REGISTRY_TLS',
    'pinging container registry localhost:5000: Get "https://localhost:5000/v2/": http: server gave HTTP response to HTTPS client',
  ],
  ['ERR_REGISTRY_AUTH', 'reading manifest 1 in localhost:5000/os: unauthorized: authentication required'],
  ['ERR_REGISTRY_AUTH', 'unable to retrieve auth token: invalid username/password: unauthorized'],
  ['ERR_REGISTRY_AUTH', 'requested access to the resource is denied'],
  ['ERR_IMAGE_MISSING', 'reading manifest 2 in localhost:5000/os: manifest unknown: manifest unknown'],
  [
    'ERR_IMAGE_MISSING',
    'reading manifest 1 in localhost:5000/no: name unknown: repository name not known to registry',
  ],
  ['ERR_POLICY', 'Source image rejected: A signature was required, but no signature exists'],
  ['ERR_POLICY', 'Source image rejected: Running image docker://localhost:5000/os:1 is rejected by policy.'],
  ['ERR_BLOB_CORRUPT', 'corrupted blob, expecting sha256:00'],
  ['ERR_BLOB_CORRUPT', 'expected 10 bytes in blob, got 9'],
  ['ERR_REGISTRY_AUTH', 'reading manifest 1 in localhost:5000/os: StatusCode: 403,'],
  ['ERR_REGISTRY_AUTH', 'Error fetching blob: invalid status code from registry 403 (Forbidden)'],
  ['ERR_BLOB_MISSING', 'Error fetching blob: invalid status code from registry 404 (Not Found)'],
  [
    'ERR_REGISTRY_UNREACHABLE',
    'pinging container registry localhost:5000: invalid status code from registry 404 (Not Found)',
  ],
  [
    'ERR_REGISTRY_UNREACHABLE',
    'Error fetching blob: invalid status code from registry 503 (Service Unavailable)',
  ],
  ['ERR_REGISTRY_UNREACHABLE', 'received unexpected HTTP status: 502 Bad Gateway'],
  ['ERR_REGISTRY_UNREACHABLE', 'too many requests to registry'],
  ['ERR_REGISTRY_UNREACHABLE', 'reading manifest 1 in localhost:5000/os: StatusCode: 429,'],
  ['ERR_REGISTRY_UNREACHABLE', 'Get "/v2/os/manifests/1": stopped after 10 redirects'],
  ['ERR_JSON', "invalid character '<' looking for beginning of value"],
  ['ERR_SKOPEO', 'Error fetching blob: invalid status code from registry 400 (Bad Request)'],
  [
    'ERR_IMAGE_MISSING',
    '(Mirrors also failed: [m:5000/os:1: pinging container registry m:5000: dial tcp 127.0.0.1:5000: connect: connection refused]): localhost:5000/os:1: manifest unknown',
  ],
  ['ERR_SKOPEO', 'something new under the sun'],
];

test('a name that looks like a fault is none', () => {
  const name = 'registry.example.com:503/certificate/timeout';
  const said = `reading manifest 1 in ${name}: manifest unknown`;
  for (const suffix of ['', ':denied', `@sha256:${'0'.repeat(64)}`])
    assert.equal(skopeoFault(`blob x of docker://${name}${suffix}`, said).code, 'ERR_IMAGE_MISSING');
});

test('what skopeo says of a registry has a code, and is handed on in one line with the place', () => {
  for (const [code, said] of SAID) {
    const { code: found, message } = skopeoFault(REGISTRY, `${said}\n`);
    assert.equal(found, code, said);
    assert.ok(message.startsWith(`${REGISTRY}: `) && message.includes(said), message);
    assert.doesNotMatch(message, /\n/);
  }
});

test('a file is no registry', () => {
  for (const said of ['unexpected EOF', 'permission denied: forbidden'])
    assert.equal(skopeoFault('docker-archive:/x', said).code, 'ERR_SKOPEO');
  const missing = 'open /x/manifest.json: no such file or directory';
  assert.equal(skopeoFault('dir:/x', missing).code, 'ERR_IMAGE_MISSING');
});
