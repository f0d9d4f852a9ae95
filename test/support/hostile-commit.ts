/** A commit of the edge cases of tar streams, made without root or system tools. */
import type { Checksum } from '../../src/ostree/checksum.ts';
import { commitTree, type TreeDirectory, type TreeNode } from '../../src/ostree/commit-tree.ts';
import type { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import type { Xattr } from '../../src/ostree/xattrs.ts';

/** Larger than every buffer. */
export const LARGE_FILE_BYTES = 3 * 1024 * 1024 + 17;

export function commitHostileTree(writer: ArchiveWriter): Promise<Checksum> {
  return commitTree(writer, hostileTree(), { timestamp: 1, subject: 'hostile' });
}

export function hostileTree(): TreeDirectory {
  return directory({
    sysroot: directory({ ostree: directory({ lost: file('an object, but no path') }) }),
    usr: directory({ etc: directory({ conf: file('conf') }), bin: hostileFiles(), lib: hostileLinks() }),
    var: directory({ tmp: directory({ kept: file('kept') }) }),
  });
}

function hostileFiles(): TreeDirectory {
  const deep = directory({ ['n'.repeat(200)]: file('deep'), 'Grüße-файл-文件': file('utf8') });
  return directory({
    setuid: file('setuid', { mode: 0o4755 }),
    closed: file('closed', { mode: 0 }),
    capable: file('capable', {
      xattrs: [xattr('security.capability', Buffer.from([1, 0, 0, 2, 10, 32, 0]))],
    }),
    labelled: file('labelled', { xattrs: [xattr('security.selinux', 'system_u:object_r:bin_t:s0\0')] }),
    attributes: file('attributes', {
      xattrs: [xattr('user.z', ''), xattr('user.line', 'a\nb\n'), xattr('user.long', 'v'.repeat(5000))],
    }),
    owned: file('owned', { uid: 3_000_000, gid: 2_097_151 }),
    'owned-by-the-last': file('owned', { uid: 4_294_967_294, gid: 2_097_152 }),
    empty: file(''),
    'empty-too': file(''),
    'empty-not-root': file('', { uid: 1000, gid: 1001, mode: 0o600 }),
    block: file('b'.repeat(512)),
    large: file(Buffer.alloc(LARGE_FILE_BYTES, 'treeport\n')),
    ['d'.repeat(90)]: directory(
      { ['ü'.repeat(60)]: deep, '.hidden': file('hidden') },
      { mode: 0o1777, uid: 7 },
    ),
  });
}

function hostileLinks(): TreeDirectory {
  const long = 'component/'.repeat(20);
  return directory({
    'double-slash': link('../..//weird//target'),
    dot: link('.'),
    dots: link('./././names/a'),
    'trailing-slash': link('names/'),
    absolute: link('/nowhere/at/all'),
    utf8: link('Ünïcödé/файл'),
    'exactly-100': link('x'.repeat(100)),
    'more-than-100': link('x'.repeat(101)),
    long: link(`/${long}end`),
    'long-denormal': link(`${long}/./end//`),
    owned: link('x', { uid: 3_000_000 }),
    twice: link('same'),
    'twice-again': link('same'),
    ['s'.repeat(200)]: link('t'.repeat(300)),
  });
}

type Owned = Partial<Pick<TreeDirectory, 'mode' | 'uid' | 'gid' | 'xattrs'>>;

function directory(entries: Record<string, TreeNode>, owned: Owned = {}): TreeDirectory {
  return { kind: 'directory', mode: 0o755, ...owned, entries: new Map(Object.entries(entries)) };
}

function file(content: string | Buffer, owned: Owned = {}): TreeNode {
  return { kind: 'file', mode: 0o644, ...owned, content };
}

function link(target: string, owned: Omit<Owned, 'mode'> = {}): TreeNode {
  return { kind: 'symlink', target, ...owned };
}

function xattr(name: string, value: string | Buffer): Xattr {
  return { name: Buffer.from(name), value: Buffer.from(value) };
}
