import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { variant } from '../../src/gvariant/index.ts';
import type { Checksum } from '../../src/ostree/checksum.ts';
import { commitTree, type TreeDirectory } from '../../src/ostree/commit-tree.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { listOfferedRefs } from '../../src/ostree/offered-refs.ts';
import { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { tempFolder } from '../server/repos.ts';

const EMPTY: TreeDirectory = { kind: 'directory', mode: 0o755, xattrs: [], entries: new Map() };

class Offer {
  readonly path: string;
  readonly #writer: ArchiveWriter;

  constructor(path: string, writer: ArchiveWriter) {
    this.path = path;
    this.#writer = writer;
  }

  static async create(t: TestContext): Promise<Offer> {
    const path = join(tempFolder(t), 'repo');
    return new Offer(path, await ArchiveWriter.create(path));
  }

  /** A commit of this time that is bound to these names; without names it is bound to nothing. */
  commit(timestamp: number, binding?: readonly string[], parent?: Checksum): Promise<Checksum> {
    const metadata = new Map(
      binding === undefined ? [] : [['ostree.ref-binding', variant('as', [...binding])]],
    );
    return commitTree(this.#writer, EMPTY, {
      timestamp,
      metadata,
      ...(parent === undefined ? {} : { parent }),
    });
  }

  ref(path: string, commit: Checksum): void {
    const file = join(this.path, 'refs', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${commit}\n`);
  }

  /** Names with their commits, and what was said of them. */
  async list() {
    const said: string[] = [];
    const refs = await listOfferedRefs(await openRepository(this.path), {
      onSkipped: (ref, commit) => said.push(`skipped ${ref} ${commit}`),
      onConflict: (name, offered, older) => said.push(`conflict ${name} ${offered} ${older}`),
      onDamaged: ({ path }) => said.push(`damaged ${path}`),
    });
    return { refs: Object.fromEntries(refs.map(({ name, commit }) => [name, commit])), said };
  }
}

test("a deployed system's commits are offered under the names they are bound to", async (t) => {
  const offer = await Offer.create(t);
  const old = await offer.commit(1, ['os/stable']);
  const now = await offer.commit(2, ['os/stable', 'os/42']);
  offer.ref('heads/ostree/0/1/0', now);
  offer.ref('heads/ostree/0/1/1', old);
  assert.deepEqual(await offer.list(), { refs: { 'os/42': now, 'os/stable': now }, said: [] });
  offer.ref('remotes/os/os/stable', now);
  assert.deepEqual((await offer.list()).refs, { 'os/42': now, 'os/stable': now });
});

test('what was fetched is offered without its remote, and hides what deployments are bound to', async (t) => {
  const offer = await Offer.create(t);
  const fetched = await offer.commit(1, ['os/stable']);
  offer.ref('remotes/os/os/stable', fetched);
  offer.ref('heads/ostree/1/0/0', await offer.commit(2, ['os/stable']));
  assert.deepEqual(await offer.list(), { refs: { 'os/stable': fetched }, said: [] });
});

test('a commit without a binding goes under the name that its remote has', async (t) => {
  const offer = await Offer.create(t);
  const commit = await offer.commit(1);
  offer.ref('remotes/os/os/stable', commit);
  offer.ref('heads/ostree/0/1/0', commit);
  assert.deepEqual(await offer.list(), { refs: { 'os/stable': commit }, said: [] });
});

test('of two remotes the newer commit is offered, and that is said', async (t) => {
  const offer = await Offer.create(t);
  const [older, newer] = [await offer.commit(1), await offer.commit(2)];
  offer.ref('remotes/a/os', newer);
  offer.ref('remotes/b/os', older);
  offer.ref('remotes/a/same', older);
  offer.ref('remotes/b/same', older);
  const expected = { refs: { os: newer, same: older }, said: [`conflict os ${newer} ${older}`] };
  assert.deepEqual(await offer.list(), expected);
  offer.ref('remotes/a/os', older);
  offer.ref('remotes/b/os', newer);
  assert.deepEqual(await offer.list(), expected);
});

test('of two commits of one second the child is newer', async (t) => {
  const offer = await Offer.create(t);
  const parent = await offer.commit(1);
  const child = await offer.commit(1, undefined, parent);
  offer.ref('remotes/a/os', child);
  offer.ref('remotes/b/os', parent);
  assert.deepEqual((await offer.list()).refs, { os: child });
});

test('a head hides refs of remotes', async (t) => {
  const offer = await Offer.create(t);
  const [own, theirs] = [await offer.commit(1), await offer.commit(2)];
  offer.ref('heads/os', own);
  offer.ref('remotes/a/os', theirs);
  assert.deepEqual(await offer.list(), { refs: { os: own }, said: [] });
});

test('names that no client could pull are left out', async (t) => {
  const offer = await Offer.create(t);
  offer.ref('heads/orphan', await offer.commit(1, []));
  const elsewhere = await offer.commit(2, ['right', 'not a name', '../x']);
  offer.ref('heads/wrong', elsewhere);
  const both = await offer.commit(3, ['one', 'two']);
  offer.ref('heads/one', both);
  assert.deepEqual(await offer.list(), { refs: { one: both, right: elsewhere }, said: [] });
});

test('missing commits and damaged refs are said, and the others offered', async (t) => {
  const offer = await Offer.create(t);
  const [good, gone] = [await offer.commit(1), await offer.commit(2)];
  rmSync(join(offer.path, loosePath(gone, 'commit')));
  offer.ref('heads/good', good);
  offer.ref('remotes/a/gone', gone);
  offer.ref('heads/bad', 'x' as Checksum);
  const said = ['damaged refs/heads/bad', `skipped a:gone ${gone}`];
  assert.deepEqual(await offer.list(), { refs: { good }, said });
});
