/**
 * An image of many layers in a registry that fails, somewhere to import it to, and the promise that whatever
 * becomes of that, nothing stays behind: no file, no process, nothing to be seen in the repository.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ErrorCode } from '../../../src/base/error-codes.ts';
import type { Checksum } from '../../../src/ostree/checksum.ts';
import { commitTree, type TreeDirectory, type TreeNode } from '../../../src/ostree/commit-tree.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { ArchiveWriter } from '../../../src/ostree/repo/archive-writer.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { chunkedTars, dealtObjects, makeImage } from '../../support/chunked-images.ts';
import {
  type FlawedRegistry,
  type FlawedRegistryOptions,
  startFlawedRegistry,
  type Thing,
} from '../../support/flawed-registry.ts';
import { initRepo } from '../../support/ostree-repos.ts';
import { type Running, start } from './processes.ts';
import { must, TREEPORT, treeport } from './run.ts';
import { tempDir } from './scratch.ts';

export type RegistryPlace = {
  readonly commit: Checksum;
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

export const PLACE_REF = 'os';

/** A commit in an ostree layer and so many component layers, all of them different. */
export async function registryPlace(
  t: TestContext,
  components: number,
  options: FlawedRegistryOptions = {},
): Promise<RegistryPlace> {
  const folder = await tempDir(t);
  const writer = await ArchiveWriter.create(join(folder, 'source'));
  const commit = await commitTree(writer, treeOf(2 * components), { timestamp: 1_700_000_000 });
  await writer.ref(PLACE_REF, commit);
  const { objects } = await openRepository(writer.path);
  const layout = join(folder, 'image');
  const tars = await chunkedTars(objects, commit, await dealtObjects(objects, commit, components));
  const { digest, layers } = await makeImage(layout, tars);
  const bytes = (blob: string) => readFileSync(join(layout, 'blobs', blob.replace(':', '/')));
  const registry = await startFlawedRegistry(t, layout, options);
  return {
    commit,
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

function treeOf(files: number): TreeDirectory {
  const entries = Array.from({ length: files }, (_, at): [string, TreeNode] => [
    `file${at}`,
    { kind: 'file', mode: 0o644, content: `${at} `.repeat(1000) },
  ]);
  return { kind: 'directory', mode: 0o755, entries: new Map(entries) };
}

/** The words of an import from the place; `more` are options. */
export function importWords({ repo, image }: RegistryPlace, ...more: readonly string[]): readonly string[] {
  const words = ['container', 'unencapsulate', '--repo', repo, '--write-ref', PLACE_REF, '--quiet'];
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
export async function assertNothingLeft({ commit, repo, env }: RegistryPlace): Promise<void> {
  assert.deepEqual(processesMarked(env[MARK] as string), []);
  assert.deepEqual(readdirSync(env.TMPDIR as string), []);
  const refs = (await must(['ostree', `--repo=${repo}`, 'refs'])).split('\n').filter((ref) => ref !== '');
  assert.deepEqual(
    refs.filter((ref) => !ref.startsWith('ostree/container/blob/')),
    [],
  );
  assert.ok(!existsSync(join(repo, loosePath(commit, 'commit'))), 'the commit is there');
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
