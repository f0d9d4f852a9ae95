/**
 * Rows of an rpm database in SQLite, through node:sqlite (docs/decisions/0100-node-sqlite.md).
 *
 * The database comes from the commit and is not trusted: it is a private copy, opened read-only, and queried
 * only if its table is an ordinary one, because views and generated columns run code of the database.
 */
import type { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { asBuffer } from '../../base/bytes.ts';
import { messageOf, TreeportError } from '../../base/errors.ts';

export type HeaderRow =
  | { readonly number: number; readonly blob: Buffer }
  /** A row that cannot be read; without a number, rows that cannot be listed. */
  | { readonly number: number | undefined; readonly fault: string };

/** The largest header of Fedora has 6 MB; rpm's limit is 256 MiB. */
const MAX_HEADER_BYTES = 64 * 1024 * 1024;

/**
 * Each row of table `Packages`. `journal`: whether the directory has a write-ahead log, which SQLite then
 * merges. Throws ERR_PACKAGE_DATABASE if the file is no rpm database.
 */
export async function* headerRows(path: string, journal: boolean): AsyncGenerator<HeaderRow> {
  const { DatabaseSync } = await import('node:sqlite');
  const url = pathToFileURL(path);
  if (!journal) url.searchParams.set('immutable', '1');
  const database = open(() => new DatabaseSync(url, { readOnly: true }));
  try {
    open(() => checkTable(database));
    yield* rows(database);
  } finally {
    database.close();
  }
}

function open<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new TreeportError('ERR_PACKAGE_DATABASE', messageOf(error), { cause: error });
  }
}

function checkTable(database: DatabaseSync): void {
  database.exec('PRAGMA trusted_schema = OFF; PRAGMA mmap_size = 0; PRAGMA cache_size = -2048');
  for (const [table, columns] of Object.entries({ Packages: 'hnum,blob', Name: 'key,hnum,idx' })) {
    const plain = database
      .prepare("SELECT name FROM pragma_table_list WHERE schema = 'main' AND name = ? AND type = 'table'")
      .all(table);
    // Generated columns are hidden.
    const names = database.prepare('SELECT name, hidden FROM pragma_table_xinfo(?)').all(table);
    const shown = names.map(({ name, hidden }) => (hidden === 0 ? name : ''));
    if (plain.length !== 1 || shown.join() !== columns)
      throw new Error(`it has no ordinary table "${table}" of an rpm database`);
  }
}

/** Reads row after row, so that a damaged page costs only its rows. */
function* rows(database: DatabaseSync): Generator<HeaderRow> {
  const read = database.prepare('SELECT blob FROM Packages WHERE hnum = ?');
  const size = database.prepare('SELECT length(blob) AS size FROM Packages WHERE hnum = ?');
  const numbers = new Set<number>();
  const fault = listNumbers(database, 'Packages', numbers);
  if (fault !== undefined) {
    yield { number: undefined, fault };
    listNumbers(database, 'Name', numbers);
  }
  for (const number of numbers) {
    try {
      const bytes = Number(size.get(number)?.size ?? 0);
      if (bytes > MAX_HEADER_BYTES) throw new Error(`it has ${bytes} bytes, more than ${MAX_HEADER_BYTES}`);
      const blob = read.get(number)?.blob;
      if (!(blob instanceof Uint8Array)) throw new Error('it is no blob');
      yield { number, blob: asBuffer(blob) };
    } catch (error) {
      yield { number, fault: messageOf(error) };
    }
  }
}

/** Adds the row numbers that can be read to `numbers`, and returns why others cannot. */
function listNumbers(database: DatabaseSync, table: string, numbers: Set<number>): string | undefined {
  try {
    for (const { hnum } of database.prepare(`SELECT hnum FROM ${table}`).iterate())
      if (typeof hnum === 'number') numbers.add(hnum);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
