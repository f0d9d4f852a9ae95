/**
 * Registries that are slow, stall and fail: a stall hides no fault and does not last, and nothing stays
 * behind.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import type { ErrorCode } from '../../src/base/error-codes.ts';
import type { Flaw, Thing } from '../support/flawed-registry.ts';
import { unlessInstalled } from '../support/programs.ts';
import {
  assertNothingLeft,
  importWords,
  PLACE_REF,
  type RegistryPlace,
  refused,
  registryPlace,
  startTreeport,
} from './support/registry-place.ts';
import { must, mustTreeport } from './support/run.ts';

const skip = unlessInstalled('ostree', 'skopeo');
const timeout = 120_000;
/** Long enough for all that does not stall. */
const SOON = ['--stall-timeout', '2'];
/** A stall that is not ended by another fault is not ended at all. */
const NEVER = ['--stall-timeout', '0'];

test('an image of 25 layers is imported whose blobs begin to come 800 ms late', {
  skip,
  timeout,
}, async (t) => {
  const place = await registryPlace(t, 24, { late: 800 });
  const words = importWords(place);
  assert.equal(await mustTreeport(words, { env: place.env }), `Imported: os => ${place.commit}`);
  await must(['ostree', `--repo=${place.repo}`, 'fsck', '--quiet', '--all']);
});

const SPOILT: Readonly<Record<string, { readonly flaw: (bytes: Buffer) => Flaw; readonly code: ErrorCode }>> =
  {
    'has a wrong byte': { flaw: (bytes) => ({ bytes: bytes.fill(0, 40, 41) }), code: 'ERR_BLOB_CORRUPT' },
    'is cut': { flaw: (bytes) => ({ cutAfter: bytes.length >> 1 }), code: 'ERR_REGISTRY_UNREACHABLE' },
    'is not there': { flaw: () => ({ status: 404 }), code: 'ERR_BLOB_MISSING' },
  };

for (const [what, { flaw, code }] of Object.entries(SPOILT)) {
  test(`a layer stalls and another ${what}: the import ends at once`, { skip, timeout }, async (t) => {
    const place = await registryPlace(t, 4);
    const [, stalling, bad] = place.layers as [Thing, Thing, Thing];
    place.registry.flaws.set(stalling, { stallAfter: 100 });
    place.registry.flaws.set(bad, flaw(place.bytes(bad)));
    await refused(place, importWords(place, ...NEVER), code, bad);
  });
}

/** What stalls, how, and what the message names. */
const STALLS: readonly (readonly [string, (layers: readonly Thing[], config: Thing) => Thing, Flaw])[] = [
  ['the registry, before a word', () => 'ping', { silent: true }],
  ['the manifest, before it begins', () => 'manifest', { silent: true }],
  ['the manifest, half-way', () => 'manifest', { stallAfter: 200 }],
  ['the config', (_, config) => config, { stallAfter: 20 }],
  ['the ostree layer, before it begins', ([layer]) => layer as Thing, { silent: true }],
  ['a component layer, half-way', ([, , layer]) => layer as Thing, { stallAfter: 100 }],
];

for (const [what, thingOf, flaw] of STALLS) {
  test(`what stalls is ${what}: the import ends with a code of its own`, { skip, timeout }, async (t) => {
    const place = await registryPlace(t, 3, { late: 0 });
    const thing = thingOf(place.layers, place.config);
    place.registry.flaws.set(thing, flaw);
    // Another wait for skopeo that takes as long is a stall as well, and names something else: on a busy
    // machine skopeo may need seconds to open the image for the next blob.
    const isBlob = thing.startsWith('sha256:');
    const [seconds, naming] = isBlob ? ['6', [thing, place.image]] : ['2', [place.image]];
    const words = importWords(place, '--stall-timeout', seconds);
    await refused(place, words, 'ERR_REGISTRY_STALLED', `${seconds} s`, ...naming);
  });
}

test('verbs that only look at an image end as well', { skip, timeout }, async (t) => {
  const place = await registryPlace(t, 2, { late: 0 });
  const access = ['--insecure-skip-tls-verification', ...SOON];
  const info = ['container', 'info', ...access, place.image];
  const compare = ['container', 'compare', ...access, `oci:${join(place.folder, 'image')}`, place.image];
  const stalls = async (words: readonly string[], thing: Thing, flaw: Flaw, naming: string) => {
    place.registry.flaws.set(thing, flaw);
    await refused(place, words, 'ERR_REGISTRY_STALLED', naming);
    place.registry.flaws.delete(thing);
  };
  await stalls(info, 'manifest', { silent: true }, place.image);
  await stalls(info, place.layers[0] as Thing, { stallAfter: 100 }, place.layers[0] as Thing);
  await stalls(compare, place.config, { stallAfter: 5 }, place.config);
});

/** The same place for verbs without an option for TLS: the user's registries.conf says that it has none. */
async function withoutTls(place: RegistryPlace): Promise<RegistryPlace> {
  const file = join(place.folder, 'registries.conf');
  const [host] = place.registry.name.split('/');
  await writeFile(file, `[[registry]]\nlocation = "${host}"\ninsecure = true\n`);
  return { ...place, env: { ...place.env, CONTAINERS_REGISTRIES_CONF: file } };
}

function wrapWords({ folder, image }: RegistryPlace, ...more: readonly string[]): readonly string[] {
  return ['mirror', 'wrap', '--quiet', ...more, image, `oci:${folder}/wrapped`];
}

test('mirror wrap, mirror build and encapsulate end as well, and write no image', {
  skip,
  timeout,
}, async (t) => {
  const place = await withoutTls(await registryPlace(t, 2, { late: 0 }));
  const { registry, folder, image, layers, config } = place;
  const wrap = wrapWords(place, ...SOON);
  const to = `oci:${folder}/built`;
  const build = ['mirror', 'build', '--quiet', ...SOON, '--runtime', image, '--repo', `${folder}/source`];
  registry.flaws.set('manifest', { silent: true });
  await refused(place, wrap, 'ERR_REGISTRY_STALLED', image);
  await refused(place, [...build, PLACE_REF, to], 'ERR_REGISTRY_STALLED', image);
  const source = ['--quiet', ...SOON, '--repo', `${folder}/source`];
  const previous = ['container', 'encapsulate', ...source, '--previous-build', image, PLACE_REF, to];
  await refused(place, previous, 'ERR_REGISTRY_STALLED', image);
  registry.flaws.delete('manifest');
  registry.flaws.set(config, { stallAfter: 10 });
  await refused(place, previous, 'ERR_REGISTRY_STALLED', config);
  registry.flaws.delete(config);
  registry.flaws.set(layers[1] as Thing, { stallAfter: 100 });
  await refused(place, wrap, 'ERR_REGISTRY_STALLED', image);
  assert.ok(!existsSync(`${folder}/wrapped`) && !existsSync(`${folder}/built`));
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} ends what stalls`, { skip, timeout }, async (t) => {
    const place = await withoutTls(await registryPlace(t, 4, { late: 0 }));
    const { registry, layers, config } = place;
    const status = 128 + constants.signals[signal];
    const interrupted = async (words: readonly string[], ...stalling: readonly Thing[]) => {
      for (const thing of stalling) registry.flaws.set(thing, { stallAfter: 100 });
      const running = startTreeport(t, place, words);
      await registry.whenStalled(...stalling);
      running.signal(signal);
      assert.equal(await running.ended(), status, running.output());
      assert.equal(running.output(), '');
      await assertNothingLeft(place);
      for (const thing of stalling) registry.flaws.delete(thing);
    };
    await interrupted(importWords(place, ...NEVER), layers[1] as Thing, layers[2] as Thing);
    await interrupted(wrapWords(place, ...NEVER), layers[3] as Thing);
    await interrupted(
      ['container', 'info', '--insecure-skip-tls-verification', ...NEVER, place.image],
      config,
    );
  });
}
