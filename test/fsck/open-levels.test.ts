import assert from 'node:assert/strict';
import test from 'node:test';
import { type Directories, MAX_OPEN_BYTES, OpenLevels } from '../../src/fsck/open-levels.ts';
import type { Checksum } from '../../src/ostree/checksum.ts';
import { repeatedChecksum } from '../support/checksums.ts';

const META = repeatedChecksum('f');
const THIRD = Math.floor(MAX_OPEN_BYTES / 3);

/** The dirtree of a level of a tree; each level but the last has this many subdirectories. */
function treeOf(level: number): Checksum {
  return repeatedChecksum('0123456789abcde'[level] as string);
}

function opened(level: number, depth: number, width: number): Directories {
  const directory = (index: number) => ({ name: `${level}${index}`, tree: treeOf(level + 1), meta: META });
  return { entries: { directory, directoryCount: level === depth - 1 ? 0 : width }, bytes: THIRD };
}

/** All paths below the root in the order of the walk, and which levels were read again. */
async function walk(depth: number, width: number, isReadable = true) {
  const again: number[] = [];
  const levelOf = (tree: Checksum) => Number.parseInt(tree[0] as string, 16);
  const levels = new OpenLevels(async (tree) => {
    again.push(levelOf(tree));
    return isReadable ? opened(levelOf(tree), depth, width) : undefined;
  });
  const paths: string[] = [];
  levels.push(treeOf(0), '/', opened(0, depth, width));
  for (let next = await levels.next(); next !== undefined; next = await levels.next()) {
    paths.push(next.path);
    levels.push(next.tree, `${next.path}/`, opened(levelOf(next.tree), depth, width));
  }
  return { paths, again };
}

test('few levels stay open', async () => {
  const { paths, again } = await walk(4, 2);
  assert.deepEqual(paths.slice(0, 5), ['/00', '/00/10', '/00/10/20', '/00/10/21', '/00/11']);
  assert.equal(paths.length, 2 + 4 + 8);
  assert.deepEqual(again, []);
});

test('levels above the limit are read again when the walk is back, and nothing is left out', async () => {
  const { paths, again } = await walk(6, 1);
  assert.equal(paths.at(-1), '/00/10/20/30/40');
  assert.deepEqual(again, [], 'of finished levels nothing is needed');
  const wide = await walk(6, 2);
  assert.equal(new Set(wide.paths).size, 2 + 4 + 8 + 16 + 32);
  assert.deepEqual(wide.paths, wide.paths.toSorted());
  // Five levels have subdirectories, and three fit.
  assert.deepEqual(wide.again, [1, 0, 1]);
});

test('a level that cannot be read again is left', async () => {
  const { paths } = await walk(6, 2, false);
  assert.ok(paths.includes('/00/10/20/31/41'));
  assert.ok(!paths.includes('/01'));
});
