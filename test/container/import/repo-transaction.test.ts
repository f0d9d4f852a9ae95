import assert from 'node:assert/strict';
import { globSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { importMounted } from '../../../src/container/import/import-mounted.ts';
import { importTar } from '../../../src/container/import/import-tar.ts';
import { withTransaction } from '../../../src/container/import/repo-transaction.ts';
import { unencapsulate } from '../../../src/container/import/unencapsulate.ts';
import { LibostreeRepo } from '../../../src/native/ostree/repository.ts';
import { openImage } from '../../../src/oci/read/open-image.ts';
import type { ObjectSource } from '../../../src/ostree/object-source.ts';
import { reachableObjects } from '../../../src/ostree/walk.ts';
import { exportCommit } from '../../../src/tar/export-commit.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { coded } from '../../support/expect.ts';
import { unlessLibostree } from '../../support/libostree.ts';
import { encapsulateInto } from '../../support/mirror-images.ts';
import { type MirrorSource, writeMirrorSource } from '../../support/mirror-repos.ts';

const skip = unlessLibostree();

type Import = (folder: string, source: MirrorSource, repo: string, writeRef: string) => Promise<unknown>;

/** Everything that imports a commit and puts a ref on it. */
const IMPORTS: Readonly<Record<string, Import>> = {
  'a tar stream': (_, { repo, commit }, path, writeRef) =>
    importTar(exportCommit(repo.objects, commit), { repo: path, writeRef }),
  'an image': async (folder, source, repo, writeRef) => {
    const name = join(folder, 'image');
    await encapsulateInto(name, source.repo, source.commit);
    const image = await openImage({ transport: 'oci', name });
    try {
      return await unencapsulate(image, { repo, verification: { kind: 'unverified' }, writeRef });
    } finally {
      await image.close();
    }
  },
  'a mounted image': (_, { repo: { objects }, commit }, repo, writeRef) => {
    // The repository of an image has one commit.
    const source: ObjectSource = {
      has: (name) => objects.has(name),
      metadata: (type, checksum) => objects.metadata(type, checksum),
      content: (checksum) => objects.content(checksum),
      list: () => reachableObjects(objects, commit),
    };
    const verification = { kind: 'unverified' } as const;
    return importMounted(source, { repo, where: 'the image', verification, writeRef });
  },
};

async function place(t: TestContext) {
  const folder = await tempDir(t);
  const source = await writeMirrorSource(join(folder, 'source'));
  const repo = join(folder, 'repo');
  LibostreeRepo.create(repo, 'archive').close();
  return { folder, source, repo };
}

function everythingIn(repo: string): readonly string[] {
  return globSync('{objects,refs,state,tmp}/**', { cwd: repo }).toSorted();
}

for (const [what, importInto] of Object.entries(IMPORTS)) {
  test(`${what} is not read when its ref cannot be set`, { skip }, async (t) => {
    const { folder, source, repo } = await place(t);
    writeFileSync(join(repo, 'refs/heads/os'), `${source.commit}\n`);
    mkdirSync(join(repo, 'refs/heads/stable'));
    writeFileSync(join(repo, 'refs/heads/stable/x86_64'), `${source.commit}\n`);
    const before = everythingIn(repo);
    for (const [ref, code] of [
      ['os/new', 'ERR_REF_CONFLICT'],
      ['stable', 'ERR_REF_CONFLICT'],
      ['../os', 'ERR_REF_SYNTAX'],
      ['n'.repeat(300), 'ERR_REF_SYNTAX'],
    ] as const) {
      const work = importInto(await tempDir(t), source, repo, ref);
      await assert.rejects(work, coded(code, ref.slice(0, 50)));
      assert.deepEqual(everythingIn(repo), before);
    }
    await importInto(folder, source, repo, 'os');
  });
}

test('a ref that is in the way of those on layers is found before any of them lands', { skip }, async (t) => {
  const { folder, source, repo } = await place(t);
  const before = everythingIn(repo);
  const work = (IMPORTS['an image'] as Import)(folder, source, repo, 'ostree/container');
  await assert.rejects(work, coded('ERR_REF_CONFLICT', 'ostree/container'));
  assert.deepEqual(everythingIn(repo), before);
});

test('a transaction that cannot be aborted does not hide why', { skip }, async (t) => {
  const { repo } = await place(t);
  const work = withTransaction(
    repo,
    async () => {
      // The remains of a transaction of another boot, which libostree removes, with a lock that cannot be
      // opened.
      mkdirSync(join(repo, 'tmp/staging-other-boot'));
      symlinkSync('staging-other-boot-lock', join(repo, 'tmp/staging-other-boot-lock'));
      throw new Error('the first fault');
    },
    { refs: [] },
  );
  await assert.rejects(work, /^Error: the first fault$/);
});
