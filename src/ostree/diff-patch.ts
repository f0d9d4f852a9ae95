/**
 * A diff as a patch in git's extended unified format, which `git apply` and, where modes do not matter,
 * `patch -p1` accept: text files with hunks, symlinks by their targets, modes in the headers. Other files are
 * listed as binary without content, as git does by default. The format cannot express owners, extended
 * attributes and directories.
 */
import { isUtf8 } from 'node:buffer';
import { formatPatch, type StructuredPatch, structuredPatch } from 'diff';
import { collect, compareBytes } from '../base/bytes.ts';
import type { Checksum } from './checksum.ts';
import type { DiffNode, FileNode, TreeDiff } from './diff.ts';
import { describeChange } from './diff-attributes.ts';
import { PERMISSIONS } from './dirmeta.ts';
import { isSymlink } from './file-header.ts';
import type { ObjectSource } from './object-source.ts';
import { verifiedStream } from './verify.ts';
import { filesBelow } from './walk.ts';

/** Larger files are treated as binary. */
const MAX_TEXT_BYTES = 1024 * 1024;
/** Texts with more differing lines than this are treated as binary: the time grows with the square of it. */
const MAX_EDITS = 4000;
const CONTEXT_LINES = 3;

type Step = { readonly path: string; readonly from?: FileNode; readonly to?: FileNode };

/**
 * One piece of text for each file that differs, sorted by path, including files below added or removed
 * directories.
 */
export async function* formatDiffPatch(source: ObjectSource, diff: TreeDiff): AsyncGenerator<string> {
  const steps: Step[] = [];
  for (const { path, ...to } of [...diff.addedFiles, ...diff.addedDirs])
    for await (const file of filesOf(source, path, to)) steps.push({ path: file.path, to: file });
  for (const { path, ...from } of [...diff.removedFiles, ...diff.removedDirs])
    for await (const file of filesOf(source, path, from)) steps.push({ path: file.path, from: file });
  for (const { path, from, to } of diff.changedFiles) {
    if (from.kind === 'file' && to.kind === 'file') steps.push({ path, from, to });
    else {
      for await (const file of filesOf(source, path, from)) steps.push({ path: file.path, from: file });
      for await (const file of filesOf(source, path, to)) steps.push({ path: file.path, to: file });
    }
  }
  // The sort is stable, so a removed file precedes its replacement.
  for (const step of steps.toSorted((a, b) => compareBytes(a.path, b.path))) yield formatStep(source, step);
}

async function* filesOf(
  source: ObjectSource,
  path: string,
  node: DiffNode,
): AsyncGenerator<FileNode & { readonly path: string }> {
  if (node.kind === 'file') yield { path, ...node };
  else yield* filesBelow(source, node, path);
}

type Side = {
  readonly checksum: Checksum;
  readonly mode: string;
  /** Undefined if it is treated as binary. */
  readonly text: string | undefined;
};

async function formatStep(source: ObjectSource, { path, from, to }: Step): Promise<string> {
  if (from === undefined || to === undefined) {
    const [before, after] = [from && (await readSide(source, from)), to && (await readSide(source, to))];
    return formatFile(path, before, after, hunksOf(before, after));
  }
  const { aspects } = await describeChange(source, { path, from, to });
  // Like git: a file that becomes a symlink is one removed and one added file.
  if (aspects.includes('type'))
    return (await formatStep(source, { path, from })) + (await formatStep(source, { path, to }));
  if (!aspects.includes('content') && !aspects.includes('mode')) return '';
  const [before, after] = [await readSide(source, from), await readSide(source, to)];
  return formatFile(path, before, after, aspects.includes('content') ? hunksOf(before, after) : []);
}

async function readSide(source: ObjectSource, { checksum }: FileNode): Promise<Side> {
  const object = await source.content(checksum);
  const { header, size } = object;
  if (isSymlink(header)) return { checksum, mode: '120000', text: header.target };
  const mode = `100${(header.mode & PERMISSIONS).toString(8).padStart(3, '0')}`;
  if (size > MAX_TEXT_BYTES) return { checksum, mode, text: undefined };
  const bytes = await collect(verifiedStream(object, checksum));
  const isText = isUtf8(bytes) && !bytes.includes(0);
  return { checksum, mode, text: isText ? bytes.toString('utf8') : undefined };
}

/** `hunks` is undefined for what is treated as binary. */
function formatFile(
  path: string,
  from: Side | undefined,
  to: Side | undefined,
  hunks: StructuredPatch['hunks'] | undefined,
): string {
  const names = [
    from === undefined ? '/dev/null' : `a${path}`,
    to === undefined ? '/dev/null' : `b${path}`,
  ] as const;
  const isSameMode = from?.mode === to?.mode;
  const patch: StructuredPatch = {
    oldFileName: names[0],
    newFileName: names[1],
    oldHeader: undefined,
    newHeader: undefined,
    hunks: hunks ?? [],
    isGit: true,
    isCreate: from === undefined,
    isDelete: to === undefined,
    ...(from === undefined || isSameMode ? {} : { oldMode: from.mode }),
    ...(to === undefined || isSameMode ? {} : { newMode: to.mode }),
  };
  if (hunks !== undefined) return formatPatch(patch);
  const ids = `${abbreviate(from)}..${abbreviate(to)}`;
  return `${formatPatch(patch)}index ${ids}\nBinary files ${names.map(quoteName).join(' and ')} differ\n`;
}

/** git ignores a file without hunks unless it has an index line. Our lines contain ostree ids. */
function abbreviate(side: Side | undefined): string {
  return (side?.checksum ?? '').slice(0, 12).padEnd(12, '0');
}

/** Approximates formatPatch's quoting; only people read this line. */
function quoteName(name: string): string {
  return /["\\\p{Cc}]/u.test(name) ? JSON.stringify(name) : name;
}

function hunksOf(from: Side | undefined, to: Side | undefined): StructuredPatch['hunks'] | undefined {
  const [before, after] = [from === undefined ? '' : from.text, to === undefined ? '' : to.text];
  if (before === undefined || after === undefined) return undefined;
  const options = { context: CONTEXT_LINES, maxEditLength: MAX_EDITS };
  return structuredPatch('', '', before, after, undefined, undefined, options)?.hunks;
}
