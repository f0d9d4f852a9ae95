import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test, { type TestContext } from 'node:test';
import { CommitFiles } from '../../../src/packages/commit-files.ts';
import type { ListedPackage } from '../../../src/packages/package.ts';
import { findRpmDatabase } from '../../../src/packages/rpm/rpm-database.ts';
import { must } from '../../e2e/support/run.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import {
  commitPaths,
  listedPackages,
  rpmdbFixture,
  type Tree,
  warnings,
} from '../../support/package-trees.ts';
import { unlessInstalled } from '../../support/programs.ts';

async function find(t: TestContext, tree: Tree) {
  const { source, commit } = await commitPaths(t, tree);
  const told = warnings();
  const files = new CommitFiles(source, { tree: commit.rootTree, meta: commit.rootMeta });
  return { database: await findRpmDatabase(files, told.warn), ...told };
}

async function read(t: TestContext, database: Uint8Array, more: Tree = {}) {
  const { database: found, lines, warn } = await find(t, { 'usr/share/rpm/rpmdb.sqlite': database, ...more });
  assert.ok(found);
  return { listed: await listedPackages(found, warn), lines, found, warn };
}

const pathsOf = (listed: readonly ListedPackage[]) => listed.flatMap(({ files }) => files).toSorted();

for (const name of ['two-pkgs', 'two-pkgs-nodocs', '62-pkgs']) {
  test(`the packages and paths of ${name} are those of rpm`, { skip: unlessInstalled('rpm') }, async (t) => {
    const folder = await tempDir(t);
    await writeFile(join(folder, 'rpmdb.sqlite'), rpmdbFixture(name));
    const rpm = async (...words: readonly string[]) =>
      (await must(['rpm', '--dbpath', folder, ...words])).split('\n').filter((line) => line !== '');
    const { listed, lines } = await read(t, rpmdbFixture(name));
    assert.deepEqual(lines, []);
    const ids = listed.map(({ package: { id } }) => id).toSorted();
    assert.deepEqual(ids, (await rpm('-qa', '--qf', '%{NAME}-%{EVR}.%{ARCH}\n')).toSorted());
    const states = await rpm('-qa', '--qf', '[%{FILENAMES}\t%{FILESTATES}\n]');
    const installed = states.filter((line) => /\t[03]$/.test(line)).map((line) => line.replace(/\t.*/, ''));
    assert.deepEqual(pathsOf(listed), installed.toSorted());
    for (const { package: one } of listed) {
      const format = '%{NAME}\n%{EVR}\n%{ARCH}\n%{LONGSIZE}\n%{BUILDTIME}\n%{SOURCERPM}\n[%{CHANGELOGTIME} ]';
      const [rpmName, version, architecture, size, built, source, times = ''] = await rpm(
        '-q',
        '--qf',
        format,
        one.id,
      );
      assert.deepEqual([one.name, one.version, one.architecture], [rpmName, version, architecture]);
      assert.deepEqual([one.size, one.built], [Number(size), Number(built)]);
      assert.ok(source?.startsWith(`${one.source}-`), source);
      assert.deepEqual(one.changes, times.trim().split(' ').filter(Boolean).map(Number));
    }
  });
}

test('without documentation, the paths that were not installed are not the package’s', async (t) => {
  const all = pathsOf((await read(t, rpmdbFixture('two-pkgs'))).listed);
  const few = pathsOf((await read(t, rpmdbFixture('two-pkgs-nodocs'))).listed);
  assert.ok(few.length < all.length);
  for (const path of all.filter((path) => !few.includes(path))) assert.match(path, /\/(?:doc|man|locale)\b/);
});

test('links and empty directories lead to the database that is there', async (t) => {
  const { database } = await find(t, {
    'usr/lib/sysimage/rpm': { to: '../../share/rpm' },
    'usr/share/rpm/rpmdb.sqlite': rpmdbFixture('two-pkgs'),
    'var/lib/rpm/': '',
  });
  assert.equal(database?.path, '/usr/share/rpm/rpmdb.sqlite');
  const empty = await find(t, { 'usr/lib/sysimage/rpm/rpmdb.sqlite': '', 'var/lib/rpm/rpmdb.sqlite': 'x' });
  assert.equal(empty.database?.path, '/var/lib/rpm/rpmdb.sqlite');
});

test('databases of former rpms are named', async (t) => {
  const { database, lines } = await find(t, { 'usr/lib/sysimage/rpm/Packages.db': 'RpmP' });
  assert.equal(database, undefined);
  assert.match(lines.join(), /^\/usr\/lib\/sysimage\/rpm\/Packages\.db: this format/);
});

test('a write-ahead log is merged', async (t) => {
  const folder = await tempDir(t);
  const path = join(folder, 'rpmdb.sqlite');
  await writeFile(path, rpmdbFixture('two-pkgs'));
  const database = new DatabaseSync(path);
  database.exec(
    'PRAGMA foreign_keys = OFF; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; DELETE FROM Packages WHERE hnum = 1',
  );
  const log = await readFile(`${path}-wal`);
  assert.ok(log.length > 0);
  const { listed } = await read(t, await readFile(path), { 'usr/share/rpm/rpmdb.sqlite-wal': log });
  database.close();
  assert.equal(listed.length, 1);
});

/** A copy of the fixture after some SQL. */
async function changed(t: TestContext, sql: string): Promise<Buffer> {
  const folder = await tempDir(t);
  const path = join(folder, 'rpmdb.sqlite');
  await writeFile(path, rpmdbFixture('two-pkgs'));
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA journal_mode = DELETE; PRAGMA foreign_keys = OFF; ${sql}`);
  database.close();
  return readFile(path);
}

test('a damaged header is named and left out, and the rest is read', async (t) => {
  const broken = await changed(t, "UPDATE Packages SET blob = x'0001020304' WHERE hnum = 1");
  const { listed, lines } = await read(t, broken);
  assert.equal(listed.length, 1);
  assert.match(lines.join(), /^\/usr\/share\/rpm\/rpmdb\.sqlite, record 1 in the commit cannot be read/);
  const text = await changed(t, "UPDATE Packages SET blob = 'text' WHERE hnum = 1");
  assert.match((await read(t, text)).lines.join(), /record 1 .*: it is no blob$/);
});

test('a damaged page costs only the rows in it', async (t) => {
  const bytes = rpmdbFixture('62-pkgs');
  const pageSize = bytes.readUInt16BE(16);
  const leaf = findLeafOfPackages(bytes, pageSize);
  bytes.fill(0xff, leaf * pageSize, (leaf + 1) * pageSize);
  const { listed, lines } = await read(t, bytes);
  assert.ok(listed.length > 50 && listed.length < 62, `${listed.length}`);
  assert.ok(lines.length > 0);
  for (const line of lines) assert.match(line, /rpmdb\.sqlite, (?:record \d+|some records) in the commit/);
});

/** The page with the start of the last header: its first entry is tag 63 of type 7. */
function findLeafOfPackages(bytes: Buffer, pageSize: number): number {
  return Math.floor(bytes.lastIndexOf(Buffer.from('0000003f00000007', 'hex')) / pageSize);
}

test('what is no rpm database is reported, whatever it is', async (t) => {
  const views = "DROP TABLE Packages; CREATE VIEW Packages AS SELECT 1 AS hnum, x'00' AS blob";
  const generated =
    'DROP TABLE Packages; CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB AS (zeroblob(1000)))';
  const bad = [Buffer.from('no database'), await changed(t, views), await changed(t, generated)];
  for (const bytes of [...bad, rpmdbFixture('two-pkgs').subarray(0, 5000)]) {
    const { listed, lines } = await read(t, bytes);
    assert.deepEqual(listed, []);
    assert.match(
      lines.join(),
      /^\/usr\/share\/rpm\/rpmdb\.sqlite in the commit is no rpm database that can be read: /,
    );
  }
});

test('changelogs have the authors and texts that rpm has', async (t) => {
  const { listed, found, warn } = await read(t, rpmdbFixture('two-pkgs'));
  const packages = listed.map(({ package: one }) => one);
  const changelogs = await found.changelogs(packages, warn);
  for (const one of packages) {
    const entries = changelogs.get(one) ?? [];
    assert.deepEqual(
      entries.map(({ time }) => time),
      one.changes,
    );
    for (const { author, text } of entries) assert.ok(author !== '' && text !== '');
  }
});
