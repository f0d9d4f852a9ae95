import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { LibostreeRepo } from '../../../src/native/ostree/repository.ts';
import { startTransaction } from '../../../src/native/ostree/start-transaction.ts';
import { verifyContent } from '../../../src/ostree/verify.ts';
import { must } from '../../e2e/support/run.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { contentId, contentObject } from '../../support/content-objects.ts';
import { coded } from '../../support/expect.ts';
import {
  assertEmpty,
  assertThere,
  commitToArchive,
  makeRepo,
  objectsOf,
  readRepo,
  started,
  unlessLibostree,
} from '../../support/libostree.ts';
import { treeOf } from '../../support/libostree-trees.ts';
import { inMountNamespace, unlessNamespaces } from '../../support/mount-namespace.ts';
import { unlessInstalled, unlessRoot } from '../../support/programs.ts';
import { ROOT } from '../../support/project.ts';

const skip = unlessLibostree();

const LARGE = Buffer.alloc(9 * 1024 * 1024, 'large');
for (const [kind, bytes] of [
  ['small', Buffer.from('small')],
  ['large', LARGE],
] as const) {
  test(`a ${kind} file with a wrong id`, { skip }, async (t) => {
    const { repo, transaction } = await started(t);
    const wrong = contentId(Buffer.from('something else'));
    const given = transaction.content(wrong, contentObject(bytes)).then(() => transaction.settle());
    await assert.rejects(given, coded('ERR_OBJECT_CORRUPT', wrong, contentId(bytes)));
    await assert.rejects(transaction.commit(), coded('ERR_OBJECT_CORRUPT', wrong));
    await assertEmpty(repo.path);
    repo.close();
  });

  test(`a ${kind} file that is truncated or too long`, { skip }, async (t) => {
    const { repo, transaction } = await started(t);
    const cut = { ...contentObject(bytes), size: bytes.length + 1 };
    await assert.rejects(
      transaction.content(contentId(bytes), cut),
      coded('ERR_OBJECT_CORRUPT', contentId(bytes)),
    );
    const long = { ...contentObject(bytes), size: bytes.length - 1 };
    await assert.rejects(
      transaction.content(contentId(bytes), long),
      coded('ERR_OBJECT_CORRUPT', 'more bytes'),
    );
    await transaction.abort();
    await assertEmpty(repo.path);
    repo.close();
  });

  test(`a ${kind} file whose source fails`, { skip }, async (t) => {
    const { repo, transaction } = await started(t);
    const failing = async function* () {
      yield bytes.subarray(0, 3);
      throw new Error('the network is gone');
    };
    const given = transaction.content(contentId(bytes), { ...contentObject(bytes), stream: failing });
    await assert.rejects(given, /the network is gone/);
    await transaction.content(contentId(bytes), contentObject(bytes));
    await transaction.commit();
    const { objects } = await readRepo(repo.path);
    await verifyContent(await objects.content(contentId(bytes)), contentId(bytes));
    repo.close();
  });
}

test('objects of another repository', {
  skip: skip || unlessInstalled('ostree') || unlessRoot(),
}, async (t) => {
  const folder = await tempDir(t);
  const source = await commitToArchive(folder, treeOf('bare'));
  using from = LibostreeRepo.open(source.repo.path);
  using repo = makeRepo(join(folder, 'repo'), 'bare');
  await must(['ostree', `--repo=${from.path}`, 'refs', source.commit, '--create=os']);
  const transaction = await startTransaction(repo);
  await transaction.importFrom(from, await objectsOf(source));
  transaction.setRef('os', source.commit);
  await transaction.commit();
  await assertThere(repo.path, source);
  await must(['ostree', `--repo=${repo.path}`, 'fsck']);
  const again = await startTransaction(repo);
  const missing = { type: 'dirtree', checksum: repeatedChecksum('b') } as const;
  await assert.rejects(again.importFrom(from, [missing]), coded('ERR_OBJECT_MISSING', missing.checksum));
  await again.abort();
});

test('a failed import from another repository is idle when it rejects', { skip }, async (t) => {
  const folder = await tempDir(t);
  const entries = new Map(
    Array.from(
      { length: 200 },
      (_, index) => [`${index}`, { kind: 'file', mode: 0o644, content: `${index}` }] as const,
    ),
  );
  const source = await commitToArchive(folder, { kind: 'directory', mode: 0o755, entries });
  const { repo, transaction } = await started(t);
  const from = LibostreeRepo.open(source.repo.path);
  const files = (await objectsOf(source)).filter(({ type }) => type === 'file');
  const missing = { type: 'dirtree', checksum: repeatedChecksum('b') } as const;
  const given = transaction.importFrom(from, [missing, ...files]);
  await assert.rejects(given, coded('ERR_OBJECT_MISSING', missing.checksum));
  from.close();
  // All but those in the request with the missing one.
  const staged = readdirSync(join(repo.path, 'tmp'), { recursive: true }).join();
  const present = files.map(({ checksum }) => staged.includes(`${checksum.slice(2)}.filez`));
  assert.deepEqual(
    present,
    files.map((_, index) => index >= 63),
  );
  await transaction.abort();
  repo.close();
});

/** On a file system of 3 MiB; libostree keeps the given part free. */
async function importIntoSmallDisk(
  t: Parameters<typeof tempDir>[0],
  size: number,
  keep: number,
): Promise<string> {
  const folder = await tempDir(t);
  const { repo, commit } = await commitToArchive(folder, treeOf('bare-user-only', size));
  const mount = join(folder, 'mount');
  mkdirSync(mount);
  const commands = `
    mount -t tmpfs -o size=3m none "$3"
    ostree --repo="$3/repo" init --mode=bare
    ostree --repo="$3/repo" config set core.min-free-space-percent ${keep}
    "$1" "$2" "$3/repo" "$4" "$5"
    ostree --repo="$3/repo" fsck
    find "$3/repo/objects" "$3/repo/refs" "$3/repo/state" -type f`;
  const importer = join(ROOT, 'test/native/ostree/importer-under-test.ts');
  const words = [process.execPath, importer, mount, repo.path, commit];
  const { stdout, stderr } = await inMountNamespace(commands, ...words);
  return stdout + stderr;
}

for (const [what, size, keep] of [
  ['file', 3_900_000, 0],
  ['large file', 8_000_000, 0],
  ['file, with space to be kept free', 1_000_000, 80],
] as const) {
  test(`a disk too small for a ${what}`, {
    skip: skip || unlessNamespaces() || unlessInstalled('ostree'),
  }, async (t) => {
    const output = await importIntoSmallDisk(t, size, keep);
    assert.match(output, /^started\nERR_DISK_FULL /m);
    assert.match(output, /fsck of 0 commits completed successfully/);
    assert.doesNotMatch(output, /^\S+\/(objects|refs|state)\//m);
  });
}
