/** Formats a diff as `ostree diff` does, with the differences in parentheses behind each path. */
import { formatByteSize } from '../base/byte-size.ts';
import type { DiffNode, TreeDiff } from '../ostree/diff.ts';
import {
  type Aspect,
  attributesOf,
  type Change,
  describeChange,
  differingXattrs,
  type NodeAttributes,
} from '../ostree/diff-attributes.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import { filesBelow } from '../ostree/walk.ts';
import { shownName } from './output.ts';

/** Modified paths first, then deleted, then added ones. */
export async function* diffLines(source: ObjectSource, diff: TreeDiff): AsyncGenerator<string> {
  for (const pair of [...diff.changedFiles, ...diff.changedDirs]) {
    const change = await describeChange(source, pair);
    yield line('M', pair.path, change.aspects.map((aspect) => ASPECT_NOTES[aspect](change)).join('; '));
  }
  for (const node of [...diff.removedFiles, ...diff.removedDirs])
    yield line('D', node.path, nodeNote(await attributesOf(source, node)));
  for (const node of [...diff.addedFiles, ...diff.addedDirs])
    yield line('A', node.path, nodeNote(await attributesOf(source, node)));
}

function line(letter: 'M' | 'D' | 'A', path: string, note: string): string {
  return `${letter}    ${shownName(path)}  (${note})`;
}

const ASPECT_NOTES: Readonly<Record<Aspect, (change: Change) => string>> = {
  type: ({ from, to }) => `${from.type} -> ${to.type}`,
  content: ({ from, to }) => `content ${contentNote(from)} -> ${contentNote(to)}`,
  mode: ({ from, to }) => `mode ${formatMode(from.mode)} -> ${formatMode(to.mode)}`,
  owner: ({ from, to }) => `owner ${from.uid}:${from.gid} -> ${to.uid}:${to.gid}`,
  xattrs: ({ from, to }) => `xattrs ${differingXattrs(from, to).map(shownName).join(', ')}`,
};

function nodeNote(attributes: NodeAttributes): string {
  return attributes.type === 'directory' ? 'directory' : contentNote(attributes);
}

function contentNote({ type, size, target }: NodeAttributes): string {
  return type === 'symlink' ? `symlink to ${shownName(target)}` : formatByteSize(size);
}

/** Permission bits in octal: `0755`. */
export function formatMode(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

/**
 * Counts in the form of ostree-ext, and sizes of files, including those below added or removed directories.
 */
export async function* statLines(source: ObjectSource, diff: TreeDiff): AsyncGenerator<string> {
  const counts = (added: number, removed: number, changed: number) =>
    `added:${added} removed:${removed} changed:${changed}`;
  const files = counts(diff.addedFiles.length, diff.removedFiles.length, diff.changedFiles.length);
  const dirs = counts(diff.addedDirs.length, diff.removedDirs.length, diff.changedDirs.length);
  yield `files(${files}) dirs(${dirs})`;

  const added = await totalSize(source, [...diff.addedFiles, ...diff.addedDirs]);
  const removed = await totalSize(source, [...diff.removedFiles, ...diff.removedDirs]);
  const before = await totalSize(
    source,
    Array.from(diff.changedFiles, ({ from }) => from),
  );
  const after = await totalSize(
    source,
    Array.from(diff.changedFiles, ({ to }) => to),
  );
  const changed = `${formatByteSize(before)} -> ${formatByteSize(after)}`;
  yield `size(added:${formatByteSize(added)} removed:${formatByteSize(removed)} changed:${changed})`;
}

async function totalSize(source: ObjectSource, nodes: readonly DiffNode[]): Promise<number> {
  const sizes: number[] = [];
  for (const node of nodes) {
    const files = node.kind === 'file' ? [node] : filesBelow(source, node);
    for await (const { checksum } of files) sizes.push((await source.content(checksum)).size);
  }
  return sizes.reduce((sum, size) => sum + size, 0);
}
