/** Two commits in an archive repository that differ in every way that trees can differ. */
import type { Checksum } from '../../src/ostree/checksum.ts';
import { commitTree, type TreeDirectory, type TreeNode } from '../../src/ostree/commit-tree.ts';
import { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import { openRepository, type Repository } from '../../src/ostree/repo/open.ts';
import type { Xattr } from '../../src/ostree/xattrs.ts';

export const DIFF_REF = 'exampleos/diff';

export type DiffCommits = { readonly repo: Repository; readonly from: Checksum; readonly to: Checksum };

/** DIFF_REF is `to`, its parent `from`. */
export async function writeDiffCommits(path: string): Promise<DiffCommits> {
  const writer = await ArchiveWriter.create(path);
  const from = await commitTree(writer, before(), { timestamp: 1_700_000_000 });
  const to = await commitTree(writer, after(), { timestamp: 1_700_000_100, parent: from });
  await writer.ref(DIFF_REF, to);
  return { repo: await openRepository(path), from, to };
}

function before(): TreeDirectory {
  return directory({
    attributes: directory({
      both: file('the same length 1'),
      mode: file('mode'),
      owner: file('owner'),
      xattrs: file('xattrs', { xattrs: [xattr('user.gone', '1'), xattr('user.kept', '1')] }),
    }),
    'dir-mode': directory({ kept: file('kept') }),
    'dir-to-file': directory({ inside: file('inside\n') }),
    equal: directory({ deep: directory({ file: file('never read') }) }),
    'file-to-dir': file('a file\n'),
    'file-to-link': file('a file\n'),
    link: symlink('old-target'),
    moved: directory({ a: file('a\n'), b: directory({ c: file('c\n') }) }),
    'not-text': file(new Uint8Array([0, 1, 2])),
    same: file('same'),
    text: file('one\ntwo\nthree\nfour\nfive\nsix\nseven\n'),
    'without end': file('no line end'),
  });
}

function after(): TreeDirectory {
  return directory(
    {
      attributes: directory({
        both: file('the same length 2', { mode: 0o600 }),
        mode: file('mode', { mode: 0o755 }),
        owner: file('owner', { uid: 7, gid: 8 }),
        xattrs: file('xattrs', { xattrs: [xattr('user.kept', '1'), xattr('user.new', '1')] }),
      }),
      brought: directory({ a: file('a\n'), b: directory({ c: file('c\n') }) }),
      'dir-mode': directory({ kept: file('kept') }, 0o700),
      'dir-to-file': file('now a file\n'),
      equal: directory({ deep: directory({ file: file('never read') }) }),
      'file-to-dir': directory({ inside: file('inside\n') }),
      'file-to-link': symlink('same'),
      link: symlink('new-target'),
      'not-text': file(new Uint8Array([0, 1, 2, 3])),
      'quoted "ü"\t': file('odd\n'),
      same: file('same'),
      text: file('one\ntwo\nthree\nFOUR\nfive\nsix\nseven\neight\n'),
      'without end': file('no line end\n'),
    },
    0o711,
  );
}

function directory(entries: Readonly<Record<string, TreeNode>>, mode = 0o755): TreeDirectory {
  return { kind: 'directory', mode, entries: new Map(Object.entries(entries)) };
}

type FileOptions = {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly xattrs?: readonly Xattr[];
};

function file(content: string | Uint8Array, options: FileOptions = {}): TreeNode {
  return { kind: 'file', content, mode: 0o644, ...options };
}

function symlink(target: string): TreeNode {
  return { kind: 'symlink', target };
}

function xattr(name: string, value: string): Xattr {
  return { name: Buffer.from(name), value: Buffer.from(value) };
}
