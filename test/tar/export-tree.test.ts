/**
 * Paths around and beyond 100 bytes. The golden stream was written by tar-rs itself, from the entries that
 * test/fixtures/golden/long-paths.py lists of a commit of libostree's.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { collect } from '../../src/base/bytes.ts';
import { parseChecksum } from '../../src/ostree/checksum.ts';
import { commitTree, type TreeDirectory, type TreeNode } from '../../src/ostree/commit-tree.ts';
import type { ObjectSource } from '../../src/ostree/object-source.ts';
import { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { commitObjects } from '../../src/tar/chunk.ts';
import { exportChunk } from '../../src/tar/export-chunk.ts';
import { exportCommit, exportOstreeLayer } from '../../src/tar/export-commit.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { deepCommit } from '../support/deep-commit.ts';
import { digestOf, goldenTar } from '../support/tar-streams.ts';

const COMMIT = parseChecksum('7e46ca0c4e69f66600a3d1ae41ce0995c7b2c02c6680c611b574461d91e82fad');
const [A, G] = ['a'.repeat(50), 'g'.repeat(49)];
const [B, H] = ['b'.repeat(50), 'h'.repeat(49)];

/** The tree of long-paths.py. */
function longPaths(): TreeDirectory {
  return directory({
    short: file('short'),
    [A]: directory({
      ['e'.repeat(49)]: file('exactly 100'),
      ['f'.repeat(50)]: file('101'),
      [B]: directory({ f: file('twice'), g: file('twice'), ['x'.repeat(198)]: file('300') }),
      ['c'.repeat(49)]: directory({ d: directory({ e: file('a slash at 100') }) }),
      ['l'.repeat(46)]: directory({ '.hidden': file('a dot at 98') }),
    }),
    [G]: directory({
      [H]: directory({ i: directory({ j: file('a slash at 99') }) }),
      [`${'h'.repeat(47)}ü`]: directory({ k: file('a character across 98') }),
    }),
  });
}

function directory(entries: Record<string, TreeNode>): TreeDirectory {
  return { kind: 'directory', mode: 0o755, entries: new Map(Object.entries(entries)) };
}

function file(content: string): TreeNode {
  return { kind: 'file', mode: 0o644, content };
}

async function longPathsRepo(folder: string) {
  const writer = await ArchiveWriter.create(folder);
  assert.equal(await commitTree(writer, longPaths(), { timestamp: 1 }), COMMIT);
  return (await openRepository(writer.path)).objects;
}

test('a whole commit with long paths comes out byte for byte as from tar-rs', async (t) => {
  const objects = await longPathsRepo(await tempDir(t));
  const tar = await collect(exportCommit(objects, COMMIT));
  const golden = await goldenTar('long-paths-whole-commit');
  for (let at = 0; at < golden.length; at += 512)
    assert.deepEqual(tar.subarray(at, at + 512), golden.subarray(at, at + 512), `the block at byte ${at}`);
  const sha256 = '013c84cf906a16d8e1dc88e90358cbeab87465b92bd9510243bf5061e484715a';
  assert.deepEqual(await digestOf(exportCommit(objects, COMMIT)), { sha256, size: golden.length });
});

/** The texts of the long-name entries of paths of the tree, in order. */
function longNames(tar: Buffer): readonly string[] {
  const names: string[] = [];
  for (let at = 0; at < tar.length; at += 512) {
    if (tar.toString('latin1', at, at + 13) !== '././@LongLink') continue;
    const name = tar.toString('utf8', at + 512, tar.indexOf(0, at + 512));
    if (!name.startsWith('sysroot/')) names.push(name);
  }
  return names;
}

test('the ostree layer has its directories with ./, and what comes with its chunk without', async (t) => {
  const objects = await longPathsRepo(await tempDir(t));
  const all = { objects: await commitObjects(objects, COMMIT) };
  const directories = [`./${A}/${B}`, `./${A}/${'c'.repeat(49)}/d`, `./${G}/${H}/i`];
  const layer = longNames(await collect(exportOstreeLayer(objects, COMMIT, all)));
  assert.deepEqual(layer.slice(0, 3), directories);
  const chunk = longNames(await collect(exportChunk(objects, all)));
  assert.deepEqual(layer.slice(3), chunk);
  assert.ok(chunk.includes(`${A}/${B}/${'x'.repeat(198)}`) && chunk.every((name) => !name.startsWith('./')));
});

test('a tree of any depth is exported', async () => {
  const { commit, source } = deepCommit(3000);
  const objects = { ...source, has: async () => false } as unknown as ObjectSource;
  const paths = longNames(await collect(exportCommit(objects, commit)));
  assert.equal(paths.at(-1), `./${'d/'.repeat(2999)}`.slice(0, -1));
});
