/**
 * Random pairs of trees from a seed: what one release changes in another. Files are text, programs and noise
 * of all sizes; the second tree has some of them renamed, edited here and there, with other owners, modes or
 * attributes, replaced, gone, and new ones.
 */
import { readFileSync } from 'node:fs';
import type { TreeDirectory, TreeFile, TreeNode } from '../../src/ostree/commit-tree.ts';
import { Random } from '../gvariant/random.ts';

export type TreePair = { readonly before: TreeDirectory; readonly after: TreeDirectory };

/** Path components to nodes that are no directories. */
type Leaves = Map<string, TreeNode>;

const DIRECTORIES = ['usr/bin', 'usr/lib', 'usr/lib/modules/6.1.0-1', 'etc', 'usr/share/doc'];
const EXTENSIONS = ['', '.so.1.2', '.ko', '.txt', '.py', '.png', '.gz', '.conf'];
/** Larger than ostree's default for files that are fetched as objects. */
const HUGE = 5_000_000;

const program: { bytes?: Buffer } = {};

function programBytes(): Buffer {
  program.bytes ??= readFileSync(process.execPath).subarray(0, 20_000_000);
  return program.bytes;
}

export function randomTreePair(seed: number): TreePair {
  const random = new Random(seed);
  const before: Leaves = new Map();
  for (let count = 3 + random.below(30); count > 0; count--) before.set(path(random), leaf(random));
  if (random.below(3) === 0) before.set(path(random), fileOf(random, content(random, HUGE)));
  const after: Leaves = new Map();
  for (const [name, node] of before)
    for (const [to, next] of changed(random, name, node)) after.set(to, next);
  for (let count = random.below(8); count > 0; count--) after.set(path(random), leaf(random));
  return { before: tree(before), after: tree(after) };
}

function path(random: Random): string {
  return `${random.pick(DIRECTORIES)}/file-${random.below(1000)}${random.pick(EXTENSIONS)}`;
}

function leaf(random: Random): TreeNode {
  if (random.below(8) === 0)
    return { kind: 'symlink', target: random.pick(['/usr/lib', '../elsewhere', 'ä']), ...owner(random) };
  const size = random.pick([0, 1, random.below(100), random.below(5000), random.below(200_000)]);
  return fileOf(random, content(random, size));
}

function fileOf(random: Random, bytes: Buffer): TreeFile {
  return { kind: 'file', mode: random.pick([0o644, 0o755, 0o600, 0o4755]), content: bytes, ...owner(random) };
}

function owner(random: Random) {
  const xattrs = random.list(3, () => random.below(5)).toSorted();
  return {
    uid: random.pick([0, 0, 0, 1000]),
    gid: random.pick([0, 0, 7]),
    xattrs: [...new Set(xattrs)].map((n) => ({
      name: Buffer.from(`user.attribute-${n}`),
      value: random.bytes(random.below(30)),
    })),
  };
}

function content(random: Random, size: number): Buffer {
  switch (random.below(3)) {
    case 0: {
      const lines: string[] = [];
      for (let length = 0; length < size; length += 24) lines.push(`line ${random.below(5000)} of text\n`);
      return Buffer.from(lines.join('')).subarray(0, size);
    }
    case 1: {
      const from = random.below(programBytes().length - size);
      return Buffer.from(programBytes().subarray(from, from + size));
    }
    default: {
      const words = new Uint32Array(Math.ceil(size / 4)).map(() => random.next());
      return Buffer.from(words.buffer, 0, size);
    }
  }
}

/** What becomes of a node: its places in the second tree. */
function changed(random: Random, name: string, node: TreeNode): readonly (readonly [string, TreeNode])[] {
  const kept = [name, node] as const;
  if (node.kind === 'directory') return [kept];
  const other = { ...node, ...owner(random) };
  switch (random.below(9)) {
    case 0:
      return [];
    case 1:
      return [[path(random), node]];
    case 2:
      return [[name.replace('6.1.0-1', '6.1.0-2').replace('.so.1.2', '.so.1.3'), other]];
    case 3:
      return [[name, other]];
    case 4:
      return [kept, [path(random), other]];
    case 5:
    case 6:
      return [[name, node.kind === 'file' ? { ...node, content: edited(random, node.content) } : other]];
    default:
      return [kept];
  }
}

function edited(random: Random, bytes: string | Uint8Array): Buffer {
  let result = Buffer.from(bytes);
  for (let edits = 1 + random.below(20); edits > 0; edits--) {
    const at = random.below(result.length + 1);
    const piece = content(random, random.pick([1, 4, random.below(300)]));
    const removed = random.pick([0, piece.length, random.below(2000)]);
    result = Buffer.concat([result.subarray(0, at), piece, result.subarray(at + removed)]);
  }
  return result;
}

type Folder = Map<string, TreeNode | Folder>;

function tree(leaves: Leaves): TreeDirectory {
  const root: Folder = new Map();
  for (const [name, node] of leaves) {
    const components = name.split('/');
    let folder = root;
    for (const component of components.slice(0, -1)) {
      const next = folder.get(component) ?? new Map();
      folder.set(component, next);
      folder = next as Folder;
    }
    folder.set(components.at(-1) ?? '', node);
  }
  return directoryOf(root);
}

function directoryOf(folder: Folder): TreeDirectory {
  const entries = [...folder].map(
    ([name, node]) => [name, node instanceof Map ? directoryOf(node) : node] as const,
  );
  return { kind: 'directory', mode: 0o755, entries: new Map(entries) };
}
