/**
 * A repository with two commits of a small tree that has one entry of every kind that mirror images treat
 * specially, and its image as a container engine unpacks it.
 */
import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../src/base/atomic-file.ts';
import { variant } from '../../src/gvariant/index.ts';
import type { Checksum } from '../../src/ostree/checksum.ts';
import { commitTree, type TreeDirectory, type TreeNode } from '../../src/ostree/commit-tree.ts';
import { type MetadataDict, stringVariant } from '../../src/ostree/metadata-dict.ts';
import { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import { openRepository, type Repository } from '../../src/ostree/repo/open.ts';
import { exportCommit } from '../../src/tar/export-commit.ts';

export const MIRROR_REF = 'exampleos/stable';

export type MirrorSource = {
  readonly repo: Repository;
  readonly writer: ArchiveWriter;
  /** The parent of `commit`. */
  readonly first: Checksum;
  /** The commit of MIRROR_REF, which binds that ref. */
  readonly commit: Checksum;
};

/** The owner of files; tests that unpack layers without root need their own uid. */
const UID = process.getuid?.() ?? 0;
const GID = process.getgid?.() ?? 0;

/** Writes the archive repository at `path`. */
export async function writeMirrorSource(path: string): Promise<MirrorSource> {
  const writer = await ArchiveWriter.create(path);
  const metadata = boundTo(MIRROR_REF);
  const first = await commitTree(writer, mirrorTree('first'), { timestamp: 1_700_000_000, metadata });
  const commit = await commitTree(writer, mirrorTree('second'), {
    timestamp: 1_700_000_100,
    metadata,
    parent: first,
  });
  await writer.ref(MIRROR_REF, commit);
  return { repo: await openRepository(path), writer, first, commit };
}

/** Commit metadata with ref bindings. */
export function boundTo(...refs: readonly string[]): MetadataDict {
  return new Map([['ostree.ref-binding', variant('as', refs)]]);
}

/** Like boundTo, with a collection binding. */
export function boundToCollection(id: string, ...refs: readonly string[]): MetadataDict {
  return new Map([...boundTo(...refs), ['ostree.collection-binding', stringVariant(id)]]);
}

/** `release` is the content of one file, different in each commit. */
export function mirrorTree(release: string): TreeDirectory {
  return directory({
    sysroot: directory({}),
    usr: directory({
      bin: directory({
        setuid: file('setuid program', 0o4755),
        link: { kind: 'symlink', target: '../..//weird/./target', uid: UID, gid: GID },
      }),
      etc: directory({
        shadow: file('secret', 0o600),
        nobody: file('for nobody', 0),
        'nobody-empty': file('', 0),
        release: file(release, 0o644),
      }),
      lib: directory({
        empty: file('', 0o644),
        group: file('x'.repeat(300_000), 0o640),
        large: file('y'.repeat(2_000_000), 0o644),
        attributes: {
          ...file('attributes', 0o644),
          xattrs: [{ name: Buffer.from('user.key'), value: Buffer.from('value') }],
        },
      }),
    }),
  });
}

function directory(entries: Record<string, TreeNode>): TreeDirectory {
  return { kind: 'directory', mode: 0o755, uid: UID, gid: GID, entries: new Map(Object.entries(entries)) };
}

function file(content: string, mode: number): TreeNode {
  return { kind: 'file', mode, content, uid: UID, gid: GID };
}

/** Unpacks the ostree layer of a commit's image below `root`, as container engines do; needs GNU tar. */
export async function unpackImage(repo: Repository, commit: Checksum, root: string): Promise<void> {
  await mkdir(root, { recursive: true });
  const tar = join(root, '..', 'layer.tar');
  await writeFileAtomic(tar, exportCommit(repo.objects, commit));
  execFileSync('tar', ['-x', '-p', '-f', tar, '-C', root]);
}
