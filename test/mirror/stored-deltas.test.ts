import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { writeFileAtomic } from '../../src/base/atomic-file.ts';
import { parseDeltaChoices } from '../../src/mirror/delta-choice.ts';
import { DELTAS_HISTORY } from '../../src/mirror/layout.ts';
import type { StoredDelta } from '../../src/mirror/stored-deltas.ts';
import { deltaDirectory, deltaIndexPath, deltaKey, superblockPath } from '../../src/ostree/delta-name.ts';
import { parseDict } from '../../src/ostree/metadata-dict.ts';
import { openRepository, type Repository } from '../../src/ostree/repo/open.ts';
import { parseSummary, serializeSummary } from '../../src/ostree/summary.ts';
import { buildSummary } from '../../src/ostree/summary-build.ts';
import { MAINTAINED_REF, type MaintainedRepo, writeMaintainedRepo } from '../support/maintained-repo.ts';
import { buildInto, unpackLayers, withImage } from '../support/mirror-images.ts';
import { unlessInstalled } from '../support/programs.ts';

const skip = unlessInstalled('tar');

let directory: string;
let made: MaintainedRepo;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'treeport-stored-'));
  made = await writeMaintainedRepo(join(directory, 'repo'));
});
after(() => rm(directory, { recursive: true }));

type Built = {
  readonly image: string;
  /** The published repo. */
  readonly path: string;
  readonly deltas: readonly StoredDelta[];
  readonly warnings: readonly string[];
};

const state = { images: 0 };

async function build(
  values: readonly string[],
  repo: Repository = made.repo,
  words: readonly string[] = [MAINTAINED_REF],
): Promise<Built> {
  state.images += 1;
  const image = join(directory, `image-${state.images}`);
  const [deltas, warnings]: [StoredDelta[], string[]] = [[], []];
  await buildInto(image, repo, words, warnings, 'none', {
    deltas: parseDeltaChoices(values),
    onDelta: (delta) => deltas.push(delta),
  });
  return {
    image,
    path: await unpackLayers(image, join(directory, `root-${state.images}/root`)),
    deltas,
    warnings,
  };
}

function keysIn(entries: unknown): readonly string[] {
  return ((entries ?? []) as readonly [string][]).map(([key]) => key).toSorted();
}

function announced({ path }: Built): readonly (readonly string[])[] {
  const index = parseDict(readFileSync(join(path, deltaIndexPath(made.commits[2]))));
  const { metadata } = parseSummary(readFileSync(join(path, 'summary')));
  return [index, metadata].map((dict) => keysIn(dict.get('ostree.static-deltas')?.value));
}

test('an image has the deltas that were asked for, and announces them', { skip }, async () => {
  const [first, second, to] = made.commits;
  const built = await build(['scratch', `from=${first}`, 'from=exampleos/stable^']);
  const names = [undefined, first, second].map((from) => ({ from, to }));
  assert.deepEqual(
    built.deltas.map(({ name, isKept }) => [name, isKept]),
    names.map((name) => [name, true]),
  );
  for (const name of names)
    assert.ok(readdirSync(join(built.path, deltaDirectory(name))).includes('superblock'), deltaKey(name));
  const keys = names.map(deltaKey).toSorted();
  assert.deepEqual(announced(built), [keys, keys]);
});

test('the layers without deltas are those of an image without any', { skip }, async () => {
  const digests = ({ image }: Built) =>
    withImage(image, async ({ manifest, config }) =>
      manifest.layers
        .map(({ digest }, index) => ({ digest, about: config.history?.[index]?.created_by ?? '' }))
        .filter(({ about }) => !about.startsWith(DELTAS_HISTORY))
        .map(({ digest }) => digest),
    );
  const [without, withDeltas] = [
    await digests(await build(['none'])),
    await digests(await build(['scratch'])),
  ];
  assert.equal(withDeltas.length, without.length);
  assert.deepEqual(withDeltas.slice(0, -1), without.slice(0, -1));
});

test('a delta from the parent that saves too little is left out', { skip }, async () => {
  // Nothing in the files of these commits is alike.
  const { deltas, path } = await build([]);
  const [, from, to] = made.commits;
  assert.deepEqual(
    deltas.map(({ name, isKept }) => [name, isKept]),
    [[{ from, to }, false]],
  );
  assert.ok(!readdirSync(path).includes('deltas'));
});

test('a commit without its parent is published without a delta', { skip }, async () => {
  const [first, second] = made.commits;
  assert.deepEqual((await build([], made.repo, [first])).deltas, []);
  // Neither from the commit before a parent that is not whole.
  const partial = join(made.repo.path, `state/${second}.commitpartial`);
  await writeFile(partial, '');
  const { deltas } = await build(['parent']);
  await rm(partial);
  assert.deepEqual(deltas, []);
});

test('a policy decides about the refs of the image', { skip }, async () => {
  const file = join(directory, 'deltas.conf');
  await writeFile(file, '[deltas]\nminimum-saving=0\n[refs "exampleos/*"]\nfrom-versions=1\n');
  const { deltas } = await build([`policy=${file}`]);
  assert.deepEqual(
    deltas.map(({ name }) => name),
    [{ from: made.commits[0], to: made.commits[2] }],
  );
});

test('a delta that the repository has is carried as it is', { skip }, async () => {
  const name = { from: undefined, to: made.commits[2] };
  const superblock = join(made.repo.path, superblockPath(name));
  await writeFileAtomic(superblock, Buffer.from('the carried one'));
  const { deltas, path } = await build(['scratch']);
  await rm(join(made.repo.path, 'deltas'), { recursive: true });
  assert.deepEqual(deltas, []);
  assert.equal(readFileSync(join(path, superblockPath(name)), 'utf8'), 'the carried one');
});

test('a signed summary stays as it is, with a warning', { skip }, async () => {
  const bytes = serializeSummary(await buildSummary(made.repo));
  await writeFile(join(made.repo.path, 'summary'), bytes);
  await writeFile(join(made.repo.path, 'summary.sig'), 'a signature');
  const built = await build(['scratch'], await openRepository(made.repo.path));
  for (const file of ['summary', 'summary.sig']) await rm(join(made.repo.path, file));
  assert.deepEqual(readFileSync(join(built.path, 'summary')), bytes);
  assert.deepEqual(announced(built), [[made.commits[2]], []]);
  assert.match(built.warnings.join('\n'), /the summary is signed, so it does not list the deltas/);
});
