import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import type { Checksum } from '../../src/ostree/checksum.ts';
import { commitTree } from '../../src/ostree/commit-tree.ts';
import { formatObjectName } from '../../src/ostree/object-name.ts';
import type { NameSet } from '../../src/ostree/object-names.ts';
import { openRepository, type Repository } from '../../src/ostree/repo/open.ts';
import { carriedNames } from '../../src/snapshot/carried-names.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { boundTo, MIRROR_REF, mirrorTree, writeMirrorSource } from '../support/mirror-repos.ts';
import { snapshotInto, withSnapshot } from '../support/snapshots.ts';

const NONE: NameSet = new Set();

/** The repository, and the names of metadata objects that were read from it. */
function observed(repo: Repository): { readonly repo: Repository; readonly read: readonly string[] } {
  const read: string[] = [];
  const metadata: Repository['objects']['metadata'] = (type, checksum) => {
    read.push(formatObjectName({ type, checksum }));
    return repo.objects.metadata(type, checksum);
  };
  return { repo: { ...repo, objects: { ...repo.objects, metadata } }, read };
}

test('commits of the previous snapshot are not walked again, unless one was left out', async (t) => {
  const directory = await tempDir(t);
  const { writer, commit: first } = await writeMirrorSource(join(directory, 'source'));
  const committed = (name: string, parent: Checksum) =>
    commitTree(writer, mirrorTree(name), {
      timestamp: 1_700_000_200,
      metadata: boundTo(MIRROR_REF),
      parent,
    });
  const second = await committed('second', first);
  await writer.ref(MIRROR_REF, second);
  const image = join(directory, 'image');
  await snapshotInto(image, await openRepository(writer.path), { depth: 1 });
  const third = await committed('third', second);
  const source = await openRepository(writer.path);
  await withSnapshot(image, async (previous) => {
    const names = async (commits: readonly Checksum[], withPrevious: boolean) => {
      const { repo, read } = observed(source);
      const publication = { commits, refs: [], isWithoutOs: true };
      const given = { publication, embedded: NONE, previous: withPrevious ? previous : undefined };
      const { needs, others } = await carriedNames(repo, given);
      const stay = previous.layers.flatMap(({ objects }) => objects.filter(needs).map(formatObjectName));
      return { names: [...new Set([...others, ...stay])].toSorted(), read };
    };
    const all = [third, second, first];
    const whole = await names(all, false);
    const next = await names(all, true);
    assert.deepEqual(next.names, whole.names);
    const walked = new Set(next.read);
    assert.ok(walked.has(`${third}.commit`));
    assert.ok(!walked.has(`${second}.commit`) && !walked.has(`${first}.commit`));
    assert.deepEqual((await names([second, first], true)).read, []);
    assert.deepEqual((await names([third, second], true)).names, (await names([third, second], false)).names);
  });
});
