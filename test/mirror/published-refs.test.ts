import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { type Publication, publicationOf, publicationOfCommits } from '../../src/mirror/published-refs.ts';
import type { Checksum } from '../../src/ostree/checksum.ts';
import { commitTree } from '../../src/ostree/commit-tree.ts';
import type { MetadataDict } from '../../src/ostree/metadata-dict.ts';
import {
  boundTo,
  boundToCollection,
  MIRROR_REF,
  type MirrorSource,
  mirrorTree,
  writeMirrorSource,
} from '../support/mirror-repos.ts';

let directory: string;
let source: MirrorSource;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'treeport-refs-'));
  source = await writeMirrorSource(join(directory, 'repo'));
});
after(() => rm(directory, { recursive: true }));

async function commitWith(metadata: MetadataDict, timestamp = 1_700_000_050): Promise<Checksum> {
  return commitTree(source.writer, mirrorTree('other'), { metadata, timestamp });
}

async function publish(...words: readonly string[]): Promise<Publication & { readonly warnings: string[] }> {
  const warnings: string[] = [];
  const publication = await publicationOf(source.repo, words, (message) => warnings.push(message));
  return { ...publication, warnings };
}

function named(commit: Checksum, ...names: readonly string[]) {
  return names.map((name) => ({ name, collection: undefined, commit }));
}

test('a ref is published under its name', async () => {
  const { commits, refs, warnings } = await publish(MIRROR_REF);
  assert.deepEqual([commits, refs, warnings], [[source.commit], named(source.commit, MIRROR_REF), []]);
});

test('a ref of a remote is published under its name there', async () => {
  const commit = await commitWith(boundTo('os/remote'));
  await mkdir(join(source.repo.path, 'refs/remotes/origin/os'), { recursive: true });
  await writeFile(join(source.repo.path, 'refs/remotes/origin/os/remote'), `${commit}\n`);
  assert.deepEqual((await publish('origin:os/remote')).refs, named(commit, 'os/remote'));
});

test('a commit is published under all names that it is bound to', async () => {
  const commit = await commitWith(boundTo('a', 'b/c'));
  assert.deepEqual((await publish(commit)).refs, named(commit, 'a', 'b/c'));
});

test('a ref that the commit is not bound to is refused, with the names that it is bound to', async () => {
  await source.writer.ref('renamed', source.commit);
  await assert.rejects(publish('renamed'), {
    code: 'ERR_REF_BINDING',
    message: new RegExp(`${source.commit} is bound to ${MIRROR_REF}: .*renamed`),
  });
});

test('a commit without a binding may have any name, or none', async () => {
  const commit = await commitWith(new Map());
  await source.writer.ref('any/name', commit);
  assert.deepEqual((await publish('any/name')).refs, named(commit, 'any/name'));
  const { refs, warnings } = await publish(commit);
  assert.deepEqual(refs, []);
  assert.match(warnings[0] as string, /without a ref.*no name here/);
});

test('an orphan is published for pulls by checksum, also where a ref points to it', async () => {
  const commit = await commitWith(boundTo());
  await source.writer.ref('to-an-orphan', commit);
  for (const word of [commit, 'to-an-orphan']) {
    const { commits, refs, warnings } = await publish(word);
    assert.deepEqual([commits, refs, warnings.length], [[commit], [], 1]);
    assert.match(warnings[0] as string, /bound to no ref/);
  }
});

test('of two commits with one name the newer has it, in whatever order they are given', async () => {
  const older = await commitWith(boundTo('contested'), 1_000);
  const newer = await commitWith(boundTo('contested'), 2_000);
  for (const words of [
    [older, newer],
    [newer, older],
  ]) {
    const { commits, refs, warnings } = await publish(...words);
    assert.deepEqual([commits, refs], [words, named(newer, 'contested')]);
    assert.match(warnings[0] as string, new RegExp(`contested is published as commit ${newer}`));
  }
});

test('a commit is not replaced by its parent of the same time', async () => {
  const parent = await commitWith(boundTo('twins'), 3_000);
  const child = await commitTree(source.writer, mirrorTree('child'), {
    metadata: boundTo('twins'),
    timestamp: 3_000,
    parent,
  });
  assert.deepEqual((await publish(parent, child)).refs, named(child, 'twins'));
  assert.deepEqual((await publish(child, parent)).refs, named(child, 'twins'));
});

test('a commit given twice is published once', async () => {
  const { commits, refs } = await publish(MIRROR_REF, source.commit);
  assert.deepEqual([commits, refs], [[source.commit], named(source.commit, MIRROR_REF)]);
});

test('collections come from the binding; an id that is none is left out', async () => {
  const good = await commitWith(boundToCollection('org.example.Os', 'collected'));
  assert.deepEqual((await publish(good)).refs, [
    { name: 'collected', collection: 'org.example.Os', commit: good },
  ]);
  const bad = await commitWith(boundToCollection('../../etc\nx', 'collected'));
  const { refs, warnings } = await publish(bad);
  assert.deepEqual(refs, named(bad, 'collected'));
  assert.match(warnings[0] as string, /not a valid collection id/);
});

test('a binding that is no ref name is refused', async () => {
  const commit = await commitWith(boundTo('../../config'));
  await assert.rejects(publish(commit), { code: 'ERR_REF_SYNTAX' });
});

test('names for a single commit are held against its binding too', async () => {
  const of = (...names: readonly string[]) =>
    publicationOfCommits(source.repo.objects, [source.commit], names, () => assert.fail());
  assert.deepEqual((await of()).refs, named(source.commit, MIRROR_REF));
  assert.deepEqual((await of(MIRROR_REF)).refs, named(source.commit, MIRROR_REF));
  await assert.rejects(of('other'), { code: 'ERR_REF_BINDING' });
});

test('a name for several commits is that of the ones bound to it, or of one without a binding', async () => {
  const [a, b] = [await commitWith(boundTo('a')), await commitWith(boundTo('b'))];
  const free = await commitWith(new Map());
  const of = async (commits: readonly Checksum[], ...names: readonly string[]) => {
    const publication = await publicationOfCommits(source.repo.objects, commits, names, () => assert.fail());
    assert.deepEqual(publication.commits, commits);
    return publication.refs;
  };
  assert.deepEqual(await of([a, b]), [...named(a, 'a'), ...named(b, 'b')]);
  assert.deepEqual(await of([a, b], 'b'), named(b, 'b'));
  assert.deepEqual(await of([a, free], 'a', 'other').catch(({ code }) => code), 'ERR_REF_BINDING');
  assert.deepEqual(await of([free, a], 'a').catch(() => undefined), named(a, 'a'));
});
