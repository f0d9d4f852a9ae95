/**
 * An image of many layers in a registry that fails, somewhere to import it to, and the promise that whatever becomes of
 * that, nothing stays behind: no file, no process, nothing to be seen in the repository.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ErrorCode } from '../../../src/base/error-codes.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { chunkedTars, dealtObjects, makeImage } from '../../support/chunked-images.ts';
import {
  type FlawedRegistry,
  type FlawedRegistryOptions,
  startFlawedRegistry,
  type Thing,
} from '../../support/flawed-registry.ts';
import { FIXTURE_COMMIT, writeOstreeFixture } from '../../support/ostree-fixture.ts';
import { initRepo } from '../../support/ostree-repos.ts';
import { type Running, start } from './processes.ts';
import { must, TREEPORT, treeport } from './run.ts';
import { tempDir } from './scratch.ts';

export type RegistryPlace = {
  readonly registry: FlawedRegistry;
  /** In the notation of skopeo. */
  readonly image: string;
  readonly config: Thing;
  /** The ostree layer, then the component layers. */
  readonly layers: readonly Thing[];
  /** The bytes of a blob as they should be. */
  readonly bytes: (blob: Thing) => Buffer;
  readonly folder: string;
  readonly repo: string;
  readonly env: Readonly<Record<string, string>>;
};

const MARK = 'TREEPORT_TEST_PLACE';

/** The commit of the fixture in an ostree layer and so many component layers. */
export async function registryPlace(
  t: TestContext,
  components: number,
  options: FlawedRegistryOptions = {},
): Promise<RegistryPlace> {
  const folder = await tempDir(t);
  const { path, commit } = await writeOstreeFixture(join(folder, 'source'));
  const { objects } = await openRepository(path);
  const layout = join(folder, 'image');
  const tars = await chunkedTars(objects, commit, await dealtObjects(objects, commit, components));
  const { digest, layers } = await makeImage(layout, tars);
  const bytes = (blob: string) => readFileSync(join(layout, 'blobs', blob.replace(':', '/')));
  const registry = await startFlawedRegistry(t, layout, options);
  return {
    registry,
    image: `docker://${registry.name}`,
    config: JSON.parse(bytes(digest).toString()).config.digest,
    layers: layers.map(({ descriptor }) => descriptor.digest),
    bytes,
    folder,
    repo: await initRepo(join(folder, 'repo'), 'archive'),
    env: { TMPDIR: await tempDir(t), [MARK]: randomUUID() },
  };
}

/** The words of an import from the place; `more` are options. */
export function importWords({ repo, image }: RegistryPlace, ...more: readonly string[]): readonly string[] {
  const words = ['container', 'unencapsulate', '--repo', repo, '--write-ref', 'os', '--quiet'];
  return [...words, '--insecure-skip-tls-verification', ...more, `ostree-unverified-image:${image}`];
}

/** Runs the product's command, which has to refuse in one line with this code; gives the line. */
export async function refused(
  place: RegistryPlace,
  words: readonly string[],
  code: ErrorCode,
  ...naming: readonly (string | RegExp)[]
): Promise<string> {
  const { status, stdout, stderr } = await treeport(words, { env: place.env });
  assert.match(stderr, /^treeport: ERR_\w+: [^\n]+\n$/);
  assert.ok(stderr.startsWith(`treeport: ${code}: `), stderr);
  assert.deepEqual([status, stdout], [1, '']);
  for (const name of naming)
    assert.ok(typeof name === 'string' ? stderr.includes(name) : name.test(stderr), `${name} in ${stderr}`);
  await assertNothingLeft(place);
  return stderr;
}

/** Starts the product's command, for tests that end it. */
export function startTreeport(t: TestContext, place: RegistryPlace, words: readonly string[]): Running {
  return start(t, [...TREEPORT, ...words], { env: place.env });
}

/** No process, no temporary file; in the repository at most whole layers. */
export async function assertNothingLeft({ repo, env }: RegistryPlace): Promise<void> {
  assert.deepEqual(processesMarked(env[MARK] as string), []);
  assert.deepEqual(readdirSync(env.TMPDIR as string), []);
  const refs = (await must(['ostree', `--repo=${repo}`, 'refs'])).split('\n').filter((ref) => ref !== '');
  assert.deepEqual(
    refs.filter((ref) => !ref.startsWith('ostree/container/blob/')),
    [],
  );
  assert.ok(!existsSync(join(repo, loosePath(FIXTURE_COMMIT, 'commit'))), 'the commit is there');
  assert.deepEqual(readdirSync(join(repo, 'state')), []);
  await must(['ostree', `--repo=${repo}`, 'fsck', '--quiet', '--all']);
}

/** Processes that have the mark in their environment, and have not ended. */
function processesMarked(mark: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark);
    } catch {
      return false;
    }
  });
}
