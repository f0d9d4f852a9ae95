/**
 * A hostile registry, and hostile images: each is refused for what it is, and nothing of it is to be seen
 * afterwards.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { ErrorCode } from '../../src/base/error-codes.ts';
import type { Checksum } from '../../src/ostree/checksum.ts';
import { serializeDict } from '../../src/ostree/metadata-dict.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { signCommit } from '../../src/ostree/sign/sign-commit.ts';
import { GPG_SIGNATURES, withSignature } from '../../src/ostree/sign/signatures.ts';
import { commitObjects } from '../../src/tar/chunk.ts';
import { exportChunk } from '../../src/tar/export-chunk.ts';
import {
  chunkedTars,
  dealtObjects,
  type MadeImage,
  type MakeImageOptions,
  makeImage,
} from '../support/chunked-images.ts';
import { type FlawedRegistry, startFlawedRegistry, type Thing } from '../support/flawed-registry.ts';
import {
  FIXTURE_COMMIT,
  type OstreeFixture,
  updateOstreeFixture,
  writeOstreeFixture,
} from '../support/ostree-fixture.ts';
import { initRepo } from '../support/ostree-repos.ts';
import { unlessInstalled } from '../support/programs.ts';
import { type Ed25519Key, nodeEd25519Key } from '../support/signing.ts';
import { gpgSign, makeGpgKey } from './support/gpg.ts';
import { must, mustTreeport, treeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessInstalled('ostree', 'skopeo');
const timeout = 120_000;
const COMPONENTS = 4;

type Place = {
  readonly folder: string;
  /** Layout directory of the image, and what is in it: the ostree layer, then the components. */
  readonly layout: string;
  readonly image: MadeImage;
  readonly registry: FlawedRegistry;
  /** Where it would be imported to. */
  readonly repo: string;
};

type Tars = readonly AsyncIterable<Uint8Array>[];

type PlaceOptions = {
  /** The commit's detached metadata. */
  readonly detached?: Buffer;
  readonly image?: MakeImageOptions;
  /** Makes other layers of the ostree layer and the component layers. */
  readonly layers?: (tars: Tars, source: OstreeFixture) => Promise<Tars> | Tars;
};

/** The fixture's commit as an image of an ostree layer and component layers, in a registry. */
async function setUp(t: TestContext, options: PlaceOptions = {}): Promise<Place> {
  const folder = await tempDir(t);
  const detached = options.detached === undefined ? {} : { detached: options.detached };
  const source = await writeOstreeFixture(join(folder, 'source'), detached);
  const { path, commit } = source;
  const { objects } = await openRepository(path);
  const tars = await chunkedTars(objects, commit, await dealtObjects(objects, commit, COMPONENTS));
  const layers = (await options.layers?.(tars, source)) ?? tars;
  const layout = join(folder, 'image');
  const image = await makeImage(layout, layers, options.image);
  const registry = await startFlawedRegistry(t, layout);
  const repo = await initRepo(join(folder, 'repo'), 'archive');
  return { folder, layout, image, registry, repo };
}

function importWords({ repo, registry }: Place, verification: string): readonly string[] {
  const words = ['container', 'unencapsulate', '--repo', repo, '--write-ref', 'os', '--quiet'];
  return [...words, '--insecure-skip-tls-verification', `${verification}:docker://${registry.name}`];
}

/** The import is refused with this code, in one line, and all that can be seen afterwards is whole layers. */
async function assertRefused(
  place: Place,
  code: ErrorCode,
  verification = 'ostree-unverified-image',
): Promise<void> {
  const { status, stdout, stderr } = await treeport(importWords(place, verification));
  assert.equal(stdout, '');
  assert.match(stderr, new RegExp(`^treeport: ${code}: [^\n]+\n$`));
  assert.equal(status, 1);
  await assertNothingVisible(place.repo, FIXTURE_COMMIT);
}

async function assertNothingVisible(repo: string, commit: Checksum): Promise<void> {
  const refs = (await must(['ostree', `--repo=${repo}`, 'refs'])).split('\n').filter((ref) => ref !== '');
  // Layers that were verified to their ends before the fault came need not be fetched again.
  assert.deepEqual(
    refs.filter((ref) => !ref.startsWith('ostree/container/blob/')),
    [],
  );
  assert.ok(!existsSync(join(repo, loosePath(commit, 'commit'))), 'the commit is there');
  assert.ok(!existsSync(join(repo, 'state', `${commit}.commitpartial`)), 'the commit is marked partial');
  await must(['ostree', `--repo=${repo}`, 'fsck', '--quiet', '--all']);
}

function blob({ layout, image }: Place, layer: number): { readonly digest: Thing; readonly bytes: Buffer } {
  const digest = image.layers[layer]?.descriptor.digest;
  assert.ok(digest);
  return { digest, bytes: readFileSync(join(layout, 'blobs', digest.replace(':', '/'))) };
}

test('without a fault the image is imported, by the same registry', { skip, timeout }, async (t) => {
  const place = await setUp(t);
  await mustTreeport(importWords(place, 'ostree-unverified-image'));
  assert.equal(await must(['ostree', `--repo=${place.repo}`, 'rev-parse', 'os']), FIXTURE_COMMIT);
  await must(['ostree', `--repo=${place.repo}`, 'fsck', '--quiet', '--all']);
});

for (const [layer, name] of [
  [0, 'the ostree layer'],
  [2, 'a component layer'],
] as const) {
  test(`the connection is cut inside ${name}`, { skip, timeout }, async (t) => {
    const place = await setUp(t);
    const { digest, bytes } = blob(place, layer);
    place.registry.flaws.set(digest, { cutAfter: bytes.length >> 1 });
    await assertRefused(place, 'ERR_REGISTRY_UNREACHABLE');
  });

  test(`a byte of ${name} is wrong`, { skip, timeout }, async (t) => {
    const place = await setUp(t);
    const { digest, bytes } = blob(place, layer);
    const at = bytes.length >> 1;
    bytes[at] = (bytes[at] as number) ^ 1;
    place.registry.flaws.set(digest, { bytes });
    await assertRefused(place, 'ERR_BLOB_CORRUPT');
  });

  test(`${name} is truncated`, { skip, timeout }, async (t) => {
    const place = await setUp(t);
    const { digest, bytes } = blob(place, layer);
    place.registry.flaws.set(digest, { bytes: bytes.subarray(0, bytes.length - 20) });
    await assertRefused(place, 'ERR_BLOB_CORRUPT');
  });

  test(`another layer comes in place of ${name}`, { skip, timeout }, async (t) => {
    const place = await setUp(t);
    const other = blob(place, 3);
    place.registry.flaws.set(blob(place, layer).digest, { bytes: other.bytes });
    await assertRefused(place, 'ERR_BLOB_CORRUPT');
  });
}

test('a layer is not there', { skip, timeout }, async (t) => {
  const place = await setUp(t);
  const empty = { bytes: Buffer.alloc(0) } as const;
  place.registry.flaws.set(blob(place, 1).digest, empty);
  await assertRefused(place, 'ERR_BLOB_CORRUPT');
});

test('the manifest lacks a component layer', { skip, timeout }, async (t) => {
  await assertRefused(await setUp(t, { layers: (tars) => tars.toSpliced(3, 1) }), 'ERR_OBJECT_MISSING');
});

test('the manifest has a component layer of another commit', { skip, timeout }, async (t) => {
  const layers = async (tars: Tars, source: OstreeFixture) => {
    const { objects } = await openRepository(source.path);
    const own = await commitObjects(objects, source.commit);
    const all = await commitObjects(objects, await updateOstreeFixture(source));
    const foreign = new Map([...all].filter(([checksum]) => !own.has(checksum)));
    return [...tars, exportChunk(objects, { objects: foreign })];
  };
  await assertRefused(await setUp(t, { layers }), 'ERR_OBJECT_STRAY');
});

test('the label ostree.final-diffid is of no layer, or of one before the last', {
  skip,
  timeout,
}, async (t) => {
  const labels = { 'ostree.final-diffid': `sha256:${'0'.repeat(64)}` };
  await assertRefused(await setUp(t, { image: { ostreeLayers: 0, labels } }), 'ERR_NOT_ENCAPSULATED');
  await assertRefused(await setUp(t, { image: { ostreeLayers: 0 } }), 'ERR_NOT_ENCAPSULATED');
  await assertRefused(await setUp(t, { image: { ostreeLayers: 3 } }), 'ERR_OBJECT_MISSING');
});

async function commitBytes(t: TestContext): Promise<Buffer> {
  const { path } = await writeOstreeFixture(await tempDir(t));
  return readFileSync(join(path, loosePath(FIXTURE_COMMIT, 'commit')));
}

/** Gives the remote `origin` these options. */
async function addRemote({ repo }: Place, options: Readonly<Record<string, string>>): Promise<void> {
  const words = Object.entries(options).map(([name, value]) => `--set=${name}=${value}`);
  await must(['ostree', `--repo=${repo}`, 'remote', 'add', ...words, 'origin', 'http://127.0.0.1/']);
}

/** The bytes with one bit near the end flipped. */
function spoilt(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[copy.length - 5] = (copy[copy.length - 5] as number) ^ 1;
  return copy;
}

const needsGpg = { skip: skip || unlessInstalled('gpg'), timeout };

test('a GPG signature is demanded: stripped, by an unknown key, and bad', needsGpg, async (t) => {
  const key = await makeGpgKey(await tempDir(t));
  const other = await makeGpgKey(await tempDir(t));
  const bytes = await commitBytes(t);
  const dict = (signature: Buffer) => serializeDict(withSignature(new Map(), GPG_SIGNATURES, signature));
  const signature = await gpgSign(key, bytes);
  const importBy = async (options: PlaceOptions, code?: ErrorCode) => {
    const place = await setUp(t, options);
    await addRemote(place, { 'gpg-verify': 'true' });
    const keyring = `--keyring=${key.publicKey}`;
    await must(['ostree', `--repo=${place.repo}`, 'remote', 'gpg-import', keyring, 'origin']);
    if (code === undefined) await mustTreeport(importWords(place, 'ostree-remote-image:origin'));
    else await assertRefused(place, code, 'ostree-remote-image:origin');
  };
  await importBy({}, 'ERR_SIGNATURE_MISSING');
  await importBy({ detached: dict(await gpgSign(other, bytes)) }, 'ERR_SIGNATURE_UNKNOWN_KEY');
  await importBy({ detached: dict(spoilt(signature)) }, 'ERR_SIGNATURE_BAD');
  await importBy({ detached: dict(signature) });
});

test('an ed25519 signature is demanded: stripped, by another key, and bad', { skip, timeout }, async (t) => {
  const [key, other] = [nodeEd25519Key(), nodeEd25519Key()];
  const bytes = await commitBytes(t);
  const signature = (by: Ed25519Key, data = bytes) =>
    serializeDict(signCommit(new Map(), data, { engine: 'ed25519', secret: by.secret }));
  const importBy = async (options: PlaceOptions, code?: ErrorCode) => {
    const place = await setUp(t, options);
    const keys = { 'sign-verify': 'ed25519', 'verification-ed25519-key': key.public };
    await addRemote(place, { 'gpg-verify': 'false', ...keys });
    if (code === undefined) await mustTreeport(importWords(place, 'ostree-remote-image:origin'));
    else await assertRefused(place, code, 'ostree-remote-image:origin');
  };
  await importBy({}, 'ERR_SIGNATURE_MISSING');
  // Such a signature does not say by which key it is.
  await importBy({ detached: signature(other) }, 'ERR_SIGNATURE_BAD');
  await importBy({ detached: signature(key, spoilt(bytes)) }, 'ERR_SIGNATURE_BAD');
  await importBy({ detached: signature(key) });
});
