/** Two versions of a small tree with everything that static deltas treat differently, committed in memory. */
import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Checksum } from '../../src/ostree/checksum.ts';
import { commitTree, type TreeDirectory, type TreeNode } from '../../src/ostree/commit-tree.ts';
import { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import { openRepository, type Repository } from '../../src/ostree/repo/open.ts';
import { mixedBytes } from './small-image.ts';

export type DeltaTrees = { readonly repo: Repository; readonly from: Checksum; readonly to: Checksum };

const XATTRS = [{ name: Buffer.from('user.kind'), value: Buffer.from('test') }];

/** Writes an archive repository with both commits; `to` has `from` as its parent and the ref `os`. */
export async function writeDeltaTrees(path: string): Promise<DeltaTrees> {
  const writer = await ArchiveWriter.create(path);
  const program = readFileSync(process.execPath).subarray(0, 300_000);
  const text = Array.from({ length: 20_000 }, (_, line) => `line ${line}\n`).join('');
  const random = randomFillSync(Buffer.alloc(50_000));
  const same: readonly [string, TreeNode][] = [
    ['empty', file('')],
    ['link', { kind: 'symlink', target: 'empty' }],
    ['same', file('the same in both')],
  ];
  const before = directory(
    ...same,
    ['lib-1.2.so', file(program, 0o755)],
    ['text', file(text)],
    ['changed-mode', file(mixedBytes(40_000))],
    ['secret', file('only the owner reads it', 0o600)],
    ['old-folder', directory(['renamed', file(mixedBytes(30_000))])],
  );
  const edited = Buffer.from(program);
  for (let at = 1000; at < edited.length; at += 5000) edited.writeUInt32LE(at, at);
  const after = directory(
    ...same,
    ['lib-1.3.so', file(Buffer.concat([edited, Buffer.from('more')]), 0o755)],
    ['text', file(`first\n${text.replace('line 77\n', 'line 77 is another\n')}`)],
    ['changed-mode', { ...file(mixedBytes(40_000)), mode: 0o640, uid: 7, gid: 8, xattrs: XATTRS }],
    ['secret', file('only the owner reads it, still', 0o600)],
    ['new-folder', directory(['renamed', file(Buffer.concat([mixedBytes(30_000), Buffer.from('x')]))])],
    ['new-link', { kind: 'symlink', target: '/somewhere/else', xattrs: XATTRS }],
    ['new-empty', { ...file(''), uid: 5 }],
    ['picture.png', file(random)],
    ['picture-again.png', { ...file(random), gid: 3 }],
  );
  const from = await commitTree(writer, before, { timestamp: 1_700_000_000 });
  const to = await commitTree(writer, after, { timestamp: 1_700_001_000, parent: from });
  await writer.ref('os', to);
  return { repo: await openRepository(path), from, to };
}

/** The files of one folder, for repositories of a test's own. */
export async function commitFiles(
  path: string,
  files: Readonly<Record<string, string | Uint8Array>>,
  parent?: Checksum,
): Promise<Checksum> {
  const writer = await ArchiveWriter.create(path);
  const entries = Object.entries(files).map(([name, content]): [string, TreeNode] => [name, file(content)]);
  return commitTree(writer, directory(...entries), {
    timestamp: 1_700_000_000,
    ...(parent === undefined ? {} : { parent }),
  });
}

function file(content: string | Uint8Array, mode = 0o644): TreeNode & { readonly kind: 'file' } {
  return { kind: 'file', mode, content };
}

function directory(...entries: readonly (readonly [string, TreeNode])[]): TreeDirectory {
  return { kind: 'directory', mode: 0o755, entries: new Map(entries) };
}
