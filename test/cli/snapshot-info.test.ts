/** What `snapshot info`, `list` and `diff` print of two snapshots of a repository, as text and as JSON. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { readLayout } from '../e2e/support/layout.ts';
import { mustTreeport } from '../e2e/support/run.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { MIRROR_REF, writeMirrorSource } from '../support/mirror-repos.ts';
import { snapshotInto, withSnapshot } from '../support/snapshots.ts';

const ALL = Number.POSITIVE_INFINITY;

/** `old` has the newest commit alone, `next` its history as well, and the OS. */
async function place(t: TestContext) {
  const folder = await tempDir(t);
  const { repo, first, commit } = await writeMirrorSource(join(folder, 'repo'));
  const [old, next] = [join(folder, 'old'), join(folder, 'next')];
  await snapshotInto(old, repo);
  await withSnapshot(old, (previous) =>
    snapshotInto(next, repo, { depth: ALL, mainRef: MIRROR_REF, previous }),
  );
  const show = (verb: string, ...words: readonly string[]) => mustTreeport(['snapshot', verb, ...words]);
  const json = async (verb: string, ...words: readonly string[]) =>
    JSON.parse(await show(verb, '--json', ...words));
  return {
    repo: repo.path,
    first,
    commit,
    old,
    next,
    images: [`oci:${old}`, `oci:${next}`] as const,
    show,
    json,
  };
}

test('info counts refs, commits, objects and layers', async (t) => {
  const { first, commit, old, next, images, show, json } = await place(t);
  const lines = (await show('info', images[0])).split('\n');
  const { digest } = readLayout(old);
  assert.deepEqual(lines.slice(0, 5), [
    `Image:     oci:${old}`,
    `Digest:    ${digest}`,
    'Main:      none: the image does not boot',
    'Refs:      1',
    'Commits:   1, the newest of 2023-11-14T22:15:00Z',
  ]);
  const labels = lines.map((line) => line.slice(0, line.indexOf(':')));
  assert.deepEqual(labels.slice(5), ['Objects', 'Layers', 'Size']);

  const about = await json('info', images[1]);
  const { layers, config } = readLayout(next);
  assert.deepEqual([about.digest, about.main], [readLayout(next).digest, commit]);
  assert.deepEqual(
    about.refs.map(({ name, commit: of }: { name: string; commit: string }) => [name, of]),
    [[MIRROR_REF, commit]],
  );
  assert.deepEqual(
    about.commits.map(({ checksum }: { checksum: string }) => checksum),
    [commit, first],
  );
  assert.ok(layers.length <= config.history.length);
  const known = new Map(layers.map(({ digest: of, size }) => [of as string, size]));
  for (const layer of about.layers) assert.equal(known.get(layer.digest), layer.size);
  const listed = about.layers.reduce((sum: number, { objects }: { objects: number }) => sum + objects, 0);
  const { content, metadata, dead } = about.objects;
  assert.equal(listed, content + metadata + dead);
  assert.match(await show('info', images[1]), new RegExp(`^Main: +${commit}$`, 'm'));
});

test('list prints refs, or all commits', async (t) => {
  const { first, commit, images, show, json } = await place(t);
  assert.match(await show('list', images[1]), new RegExp(`^${commit}  ${MIRROR_REF}  2023-11-14T22:15:00Z$`));
  const commits = (await show('list', '--commits', images[1])).split('\n');
  assert.deepEqual(
    commits.map((line) => line.slice(0, 64)),
    [commit, first],
  );
  const [ref] = await json('list', images[1]);
  assert.deepEqual([ref.name, ref.commit], [MIRROR_REF, commit]);
  const [, parent] = await json('list', '--commits', images[1]);
  assert.deepEqual([parent.checksum, parent.timestamp], [first, 1_700_000_000]);
});

test('diff prints what one snapshot or repository has that another lacks', async (t) => {
  const { repo, first, images, show, json } = await place(t);
  const grown = await json('diff', ...images);
  assert.deepEqual(grown.commits, { added: [first], removed: [] });
  assert.deepEqual(grown.refs, { added: [], removed: [], changed: [] });
  assert.ok(grown.objects.added > 0 && grown.objects.removed === 0);
  const [from, to] = images.map((image) => readLayout(image.slice('oci:'.length)).layers);
  const fresh = (to ?? []).filter(({ digest }) => !from?.some((layer) => layer.digest === digest));
  const bytes = fresh.reduce((sum, { size }) => sum + size, 0);
  assert.deepEqual(grown.layers, { added: fresh.length, bytes });
  const lines = (await show('diff', ...images)).split('\n');
  assert.equal(lines[0], 'commits: 1 added, 0 removed');
  assert.match(lines[1] ?? '', new RegExp(`^objects: ${grown.objects.added} added, .*; 0 removed$`));
  assert.match(lines[2] ?? '', new RegExp(`^layers:  ${fresh.length} to fetch, `));
  const shrunk = await json('diff', images[1], images[0]);
  assert.deepEqual(shrunk.commits, { added: [], removed: [first] });

  const same = await json('diff', images[1], repo);
  assert.deepEqual(same.commits, { added: [], removed: [] });
  assert.deepEqual([same.objects.added, same.objects.removed, same.layers], [0, 0, undefined]);
});
