import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { openPublishedRepo } from '../../src/mirror/open-published.ts';
import type { Checksum } from '../../src/ostree/checksum.ts';
import { commitTree } from '../../src/ostree/commit-tree.ts';
import { serializeDict, stringVariant } from '../../src/ostree/metadata-dict.ts';
import { listHeads } from '../../src/ostree/refs.ts';
import type { Repository } from '../../src/ostree/repo/open.ts';
import { type Exported, exportRepository } from '../../src/server/export/export-repository.ts';
import { openSnapshot } from '../../src/snapshot/open.ts';
import { unpackSnapshot } from '../../src/snapshot/unpack.ts';
import { verifySnapshot } from '../../src/snapshot/verify.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { Random } from '../gvariant/random.ts';
import { assertThere, makeRepo, readRepo, unlessLibostree } from '../support/libostree.ts';
import { unpackLayers, withImage } from '../support/mirror-images.ts';
import { boundTo, MIRROR_REF, mirrorTree, writeMirrorSource } from '../support/mirror-repos.ts';
import { unlessInstalled } from '../support/programs.ts';
import { RandomHistory } from '../support/random-history.ts';
import { extractFrom, snapshotInto, withSnapshot } from '../support/snapshots.ts';

const CHAIN = Number(process.env.TREEPORT_SNAPSHOT_CHAIN ?? 3);
const SEED = Number(process.env.TREEPORT_SNAPSHOT_SEED ?? Date.now() % 1_000_000);
const ALL = Number.POSITIVE_INFINITY;

async function commitsIn({ objects }: Repository): Promise<readonly Checksum[]> {
  const commits: Checksum[] = [];
  for await (const { type, checksum } of objects.list()) if (type === 'commit') commits.push(checksum);
  return commits.toSorted();
}

function exported(repo: Repository, directory: string): Promise<Exported> {
  return exportRepository(repo, { directory, sync: async () => {} });
}

function filesBelow(path: string): ReadonlyMap<string, string> {
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files
      .map(({ parentPath, name }) => join(parentPath, name))
      .toSorted()
      .map((file) => [file.slice(path.length), readFileSync(file, 'base64')]),
  );
}

for (const mainRef of [undefined, 'main']) {
  test(`random histories, increment after increment, with the main ref ${mainRef}, seed ${SEED}`, {
    skip: unlessLibostree() || unlessInstalled('tar'),
  }, async (t) => {
    const directory = await tempDir(t);
    const history = await RandomHistory.create(join(directory, 'source'), new Random(SEED));
    const growing = join(directory, 'growing');
    makeRepo(growing).close();
    for (let step = 0; step < CHAIN; step++) {
      await history.change();
      const repo = await history.repo();
      const expected = history.expected();
      const image = join(directory, `image-${step}`);
      const words = { depth: ALL, ...(mainRef === undefined ? {} : { mainRef }) };
      if (step === 0) await snapshotInto(image, repo, words);
      else
        await withSnapshot(join(directory, `image-${step - 1}`), (previous) =>
          snapshotInto(image, repo, { ...words, previous }),
        );

      const fresh = join(directory, `fresh-${step}`);
      makeRepo(fresh, step % 2 === 0 ? 'bare-user' : 'archive').close();
      await extractFrom(image, fresh);
      await extractFrom(image, growing);
      const extracted = await readRepo(fresh);
      assert.deepEqual(await listHeads(extracted), expected.refs, `refs of step ${step}`);
      assert.deepEqual(
        await commitsIn(extracted),
        [...expected.commits].toSorted(),
        `commits of step ${step}`,
      );
      for (const path of [fresh, growing])
        for (const commit of expected.commits) await assertThere(path, { repo, commit });

      const [unpacked, root] = [join(directory, `unpacked-${step}`), join(directory, `root-${step}/root`)];
      const engine = await openPublishedRepo(await unpackLayers(image, root));
      const ours = await withSnapshot(image, async (snapshot) => {
        const { commits, objects } = await verifySnapshot(snapshot);
        assert.equal(commits, expected.commits.size);
        assert.ok(objects > 0);
        return unpackSnapshot(snapshot, { directory: unpacked, wants: () => true });
      });
      const [fromEngine, fromSnapshot] = [join(directory, `a-${step}`), join(directory, `b-${step}`)];
      await exported(engine, fromEngine);
      await exported(ours, fromSnapshot);
      engine.close();
      ours.close();
      assert.deepEqual([...filesBelow(fromSnapshot).keys()], [...filesBelow(fromEngine).keys()]);
      assert.ok(
        [...filesBelow(fromSnapshot)].join() === [...filesBelow(fromEngine)].join(),
        `bytes of ${step}`,
      );
      assert.deepEqual(await commitsIn(await readRepo(fromEngine)), [...expected.commits].toSorted());
      for (const path of [fresh, unpacked, root, fromEngine, fromSnapshot])
        rmSync(path, { recursive: true, force: true });
    }
  });
}

test('what the previous snapshot has stays in its layers, and the runtime as well', async (t) => {
  const directory = await tempDir(t);
  const { repo, writer, commit } = await writeMirrorSource(join(directory, 'source'));
  const [first, second, third] = ['1', '2', '3'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  const layersOf = (path: string) =>
    withImage(path, async ({ manifest }) => manifest.layers.map(({ digest }) => digest));
  await snapshotInto(first, repo, { depth: 1, mainRef: MIRROR_REF });
  const next = await commitTree(writer, mirrorTree('third'), {
    timestamp: 1_700_000_200,
    metadata: boundTo('other'),
  });
  await writer.ref('other', next);
  await withSnapshot(first, (previous) =>
    snapshotInto(second, repo, { depth: 1, mainRef: MIRROR_REF, previous }),
  );
  const [before, after] = [await layersOf(first), await layersOf(second)];
  assert.deepEqual(
    before.filter((digest) => !after.includes(digest)),
    before.slice(-1),
  );
  await withSnapshot(second, async ({ description, layers }) => {
    assert.equal(description.main, commit);
    const objects = layers.flatMap((layer) =>
      layer.objects.map(({ type, checksum }) => `${checksum}.${type}`),
    );
    assert.equal(new Set(objects).size, objects.length);
  });
  const messages: string[] = [];
  await withSnapshot(second, (previous) =>
    snapshotInto(third, repo, {
      mainRef: MIRROR_REF,
      globs: [MIRROR_REF],
      previous,
      onRewritten: (layers) => messages.push(...layers.map(({ why }) => why)),
    }),
  );
  assert.deepEqual(messages, []);
  await withSnapshot(third, async ({ layers }) =>
    assert.deepEqual(
      layers.map(({ kind }) => kind),
      ['os'],
    ),
  );
});

test('a main commit that is signed later is encapsulated with its new signature', async (t) => {
  const directory = await tempDir(t);
  const { repo, writer, commit } = await writeMirrorSource(join(directory, 'source'));
  const [first, second] = [join(directory, '1'), join(directory, '2')];
  await snapshotInto(first, repo, { mainRef: MIRROR_REF });
  await writer.detachedMetadata(commit, serializeDict(new Map([['note', stringVariant('later')]])));
  await withSnapshot(first, (previous) => snapshotInto(second, repo, { mainRef: MIRROR_REF, previous }));
  const unpacked = await withSnapshot(second, (snapshot) =>
    unpackSnapshot(snapshot, { directory: join(directory, 'unpacked'), wants: () => true }),
  );
  t.after(() => unpacked.close());
  assert.deepEqual(
    await unpacked.objects.metadata('commitmeta', commit),
    await repo.objects.metadata('commitmeta', commit),
  );
});

test('the snapshot of another repository is no previous one', async (t) => {
  const directory = await tempDir(t);
  const { repo } = await writeMirrorSource(join(directory, 'source'));
  const foreign = await writeMirrorSource(join(directory, 'foreign'));
  const commit = await commitTree(foreign.writer, mirrorTree('foreign'), {
    timestamp: 1,
    metadata: boundTo('x'),
  });
  await foreign.writer.ref('x', commit);
  const image = join(directory, 'image');
  await snapshotInto(image, foreign.repo, { globs: ['x'] });
  await assert.rejects(
    withSnapshot(image, (previous) => snapshotInto(join(directory, 'next'), repo, { previous })),
    { code: 'ERR_SNAPSHOT_LINEAGE', message: /image is a snapshot of another repository/ },
  );
  assert.equal(readdirSync(directory).includes('next'), false);
});

test('a repository that is pruned while it is read is named', async (t) => {
  const directory = await tempDir(t);
  const { repo, first } = await writeMirrorSource(join(directory, 'source'));
  const content = repo.objects.content.bind(repo.objects);
  const objects = {
    ...repo.objects,
    content: async (checksum: Checksum) => {
      rmSync(join(repo.path, 'objects'), { recursive: true, force: true });
      rmSync(join(repo.path, 'refs/heads', MIRROR_REF), { force: true });
      return content(checksum);
    },
  };
  assert.ok(first);
  await assert.rejects(snapshotInto(join(directory, 'image'), { ...repo, objects }), {
    code: 'ERR_REPO_CHANGED',
    message: /its refs moved, and object \w+\.filez? /,
  });
  assert.equal(readdirSync(directory).includes('image'), false);
});

test('an image that is no snapshot is refused', async (t) => {
  const directory = await tempDir(t);
  const { repo, commit } = await writeMirrorSource(join(directory, 'source'));
  const { encapsulateInto } = await import('../support/mirror-images.ts');
  await encapsulateInto(join(directory, 'plain'), repo, commit);
  await assert.rejects(withImage(join(directory, 'plain'), openSnapshot), {
    code: 'ERR_SNAPSHOT',
    message: /plain is no snapshot: its layers have no file snapshot\/description/,
  });
});
