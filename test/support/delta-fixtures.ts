/** The static deltas of test/fixtures/static-deltas, by folder: made by stock ostree, and crafted ones. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../fixtures/static-deltas');

/** `variants/from-to-inline` and so on. */
export const DELTA_FIXTURES: readonly string[] = ['variants', 'crafted'].flatMap((group) =>
  readdirSync(join(FOLDER, group)).map((name) => `${group}/${name}`),
);

export function deltaFixturePath(fixture: string): string {
  return join(FOLDER, fixture);
}

/** `file` is `superblock`, the number of a part, or `expected.txt`. */
export function deltaFixture(fixture: string, file: string): Buffer {
  return readFileSync(join(FOLDER, fixture, file));
}
