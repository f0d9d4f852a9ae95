/**
 * The small OS tree of ostree-ext's tests, committed without libostree. Its ids and the digests of its tar
 * streams are known independently, so they verify the whole path from files to bytes.
 */
import assert from 'node:assert/strict';
import { variant } from '../../src/gvariant/index.ts';
import { type Checksum, parseChecksum } from '../../src/ostree/checksum.ts';
import { commitTree, type TreeDirectory, type TreeNode } from '../../src/ostree/commit-tree.ts';
import { type MetadataDict, serializeDict, stringVariant } from '../../src/ostree/metadata-dict.ts';
import { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import type { Xattr } from '../../src/ostree/xattrs.ts';

export const FIXTURE_COMMIT: Checksum = parseChecksum(
  '616069c200463abca9c1d3adc65b948f1f1d3ddd42bc2c8ea3308535a0e44c24',
);
export const FIXTURE_CONTENT: Checksum = parseChecksum(
  'bd3d13c3059e63e6f8a3d6d046923ded730d90bd7a055c9ad93312111ea7d395',
);
/** The second commit, which replaces `/usr/bin/bash`. */
export const FIXTURE_UPDATE_COMMIT: Checksum = parseChecksum(
  '6e6afc49d902daa2456c858818e0ad8bf9afe79cdcca738c5676c0e175c1def1',
);
export const FIXTURE_REF = 'exampleos/x86_64/stable';

/** The detached metadata of the golden stream that has some. */
export const FIXTURE_DETACHED: Buffer = serializeDict(
  new Map([['my-detached-key', stringVariant('my-detached-value')]]),
);

const OBJECTS: Readonly<Record<string, string>> = {
  '/opt': 'a91bf662a5b2669d1391270c10d916e2135b4cd9b0faa18dccf76f50712e739b',
  '/usr/bin/arping': 'b048a4f451e9fdfaaec911c1fe07d5d1d39be02f932b827c25458d3b15ae589e',
  '/usr/bin/bash': 'c16705f12dc6420d69b2177cc0166882ac8e90e2a6780c6af4e586b97a511a87',
  '/usr/bin/hardlink-a': '75535ce3946cbb9a33fe840d37c77ac760276ac13e50fe49b672c6c162024dd5',
  '/usr/bin/hardlink-b': '75535ce3946cbb9a33fe840d37c77ac760276ac13e50fe49b672c6c162024dd5',
  '/usr/bin/sh': 'f9e7bafc8e5befac0bab3a7083cc4db5e222f928de860e56a1d273c700540ccf',
  '/usr/etc/polkit.conf': 'f5be74d48c320dd9166a8da54ba3f221e14ef489167ce276dcc2ef2e6f036ecc',
  '/usr/etc/someconfig.conf': 'fb5dee24849e4eb59f65484137c5d184a1a4628389efd36c341fa49e58420b81',
  '/usr/lib/emptyfile': '21270f911f1a1db58379515e0dcfa8309d8904ce278280861db236ea7001346e',
  '/usr/lib/modules/5.10.18-200.x86_64/initramfs':
    '05a3aafe0813726b738ecd75f58f0a045d56d64d8223f69aca1b1492ea66fe2d',
  '/usr/lib/modules/5.10.18-200.x86_64/vmlinuz':
    'ced262e850c9be418ca6b6b3f9487c7f75015c3923659ba42eedb731ce47c00e',
  '/usr/lib/pkgdb/pkgdb': '790c7e29372cd7d6c26b67a0c92647c060a6ba5a61e20113034c9affc2d85ae5',
  '/usr/lib/sysimage/pkgdb': '790c7e29372cd7d6c26b67a0c92647c060a6ba5a61e20113034c9affc2d85ae5',
  '/usr/lib64/emptyfile2': '21270f911f1a1db58379515e0dcfa8309d8904ce278280861db236ea7001346e',
};

/** Path and object id of every file. */
export const FIXTURE_OBJECTS: Readonly<Record<string, Checksum>> = Object.fromEntries(
  Object.entries(OBJECTS).map(([path, checksum]) => [path, parseChecksum(checksum)]),
);

/** The object id of the file at this path. */
export function fixtureObject(path: string): Checksum {
  return FIXTURE_OBJECTS[path] ?? assert.fail(path);
}

const METADATA: MetadataDict = new Map([
  ['buildsys.checksum', stringVariant('41af286dc0b172ed2f1ca934fd2278de4a1192302ffa07087cea2682e7d372e3')],
  ['ostree.container-cmd', variant('as', ['/usr/bin/bash'])],
  ['version', stringVariant('42.0')],
  ['ostree.bootable', variant('b', true)],
]);

const TIMESTAMP = 872879442;
const CAPABILITY: Xattr = {
  name: Buffer.from('security.capability'),
  value: Buffer.from('0sAAAAAgAgAAAAAAAAAAAAAAAAAAA='),
};

export type OstreeFixture = { readonly path: string; readonly commit: Checksum };

/** Writes an archive repository at `path` with the commit, and the ref on it. */
export async function writeOstreeFixture(
  path: string,
  options: { readonly detached?: Uint8Array } = {},
): Promise<OstreeFixture> {
  const writer = await ArchiveWriter.create(path);
  const commit = await commitTree(writer, fixtureTree('the-bash-shell', 0o755), {
    timestamp: TIMESTAMP,
    metadata: METADATA,
  });
  if (options.detached !== undefined) await writer.detachedMetadata(commit, options.detached);
  await writer.ref(FIXTURE_REF, commit);
  return { path, commit };
}

/** Adds the second commit to the repository: another `/usr/bin/bash`. */
export async function updateOstreeFixture({ path, commit }: OstreeFixture): Promise<Checksum> {
  const writer = await ArchiveWriter.create(path);
  const update = await commitTree(writer, fixtureTree('bash-v0', 0o644), {
    timestamp: TIMESTAMP + 86400,
    metadata: METADATA,
    parent: commit,
  });
  await writer.ref(FIXTURE_REF, update);
  return update;
}

function fixtureTree(bash: string, bashMode: number): TreeDirectory {
  const modules = 'usr/lib/modules/5.10.18-200.x86_64';
  return directory('usr', {
    boot: directory('boot', {}),
    opt: symlink('opt', 'var/opt'),
    run: directory('run', {}),
    tmp: directory('tmp', {}),
    usr: directory('usr/lib/modules', {
      bin: directory('usr/bin', {
        arping: file('usr/bin/arping', 'arping-binary', 0o755, [CAPABILITY]),
        bash: file('usr/bin/bash', bash, bashMode),
        'hardlink-a': file('usr/bin/hardlink-a', 'testlink'),
        'hardlink-b': file('usr/bin/hardlink-b', 'testlink'),
        sh: symlink('usr/bin/sh', 'bash'),
      }),
      etc: directory('usr/etc', {
        'polkit.conf': file('usr/etc/polkit.conf', 'a-polkit-config'),
        'someconfig.conf': file('usr/etc/someconfig.conf', 'someconfig'),
      }),
      lib: directory(modules, {
        emptyfile: file('usr/lib/emptyfile', ''),
        modules: directory(modules, {
          '5.10.18-200.x86_64': directory(modules, {
            initramfs: file(`${modules}/initramfs`, 'this-is-an-initramfs'),
            vmlinuz: file(`${modules}/vmlinuz`, 'this-is-a-kernel'),
          }),
        }),
        pkgdb: directory('usr/lib/pkgdb', {
          pkgdb: file('usr/lib/pkgdb/pkgdb', 'some-package-database'),
        }),
        sysimage: directory('usr/lib/sysimage', {
          pkgdb: file('usr/lib/sysimage/pkgdb', 'some-package-database'),
        }),
      }),
      lib64: directory('usr/lib64', { emptyfile2: file('usr/lib64/emptyfile2', '') }),
    }),
  });
}

/** A directory has the label of the first file below it. */
function directory(labelPath: string, entries: Record<string, TreeNode>): TreeDirectory {
  return {
    kind: 'directory',
    mode: 0o755,
    xattrs: [label(labelPath)],
    entries: new Map(Object.entries(entries)),
  };
}

function file(path: string, content: string, mode = 0o644, xattrs: readonly Xattr[] = []): TreeNode {
  return { kind: 'file', mode, content, xattrs: [...xattrs, label(path)] };
}

function symlink(path: string, target: string): TreeNode {
  return { kind: 'symlink', target, xattrs: [label(path)] };
}

/** The SELinux label of a path; the value has no NUL. */
function label(path: string): Xattr {
  const value = Buffer.from(`system_u:object_r:${labelType(path)}:s0`);
  return { name: Buffer.from('security.selinux'), value };
}

function labelType(path: string): string {
  const [first] = path.split('/');
  if (first === '') return 'root_t';
  if (first === 'boot') return 'boot_t';
  if (first === 'etc') return path.length % 2 === 0 ? 'etc_t' : 'system_conf_t';
  return path.includes('systemd') ? 'systemd_unit_file_t' : 'usr_t';
}
