/** The static deltas of test/fixtures/static-deltas, by folder: made by stock ostree, and crafted ones. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

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

/** A copy of the repository that the deltas are of: three commits on ref `fx`, and three deltas. */
export function deltaRepository(t: TestContext): string {
  return unpacked(t, 'repo');
}

/** libostree's own test data: a repository with two deltas that do not name their byte order. */
export function preEndianRepository(t: TestContext, order: 'little' | 'big'): string {
  return unpacked(t, `pre-endian-deltas-repo-${order}`, 'pre-endian-deltas-repo');
}

function unpacked(t: TestContext, archive: string, name = archive): string {
  const folder = mkdtempSync(join(tmpdir(), 'treeport-deltas-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  execFileSync('tar', ['-xf', join(FOLDER, `${archive}.tar.xz`), '-C', folder]);
  return join(folder, name);
}
