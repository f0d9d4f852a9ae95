/** Small root filesystems on disk, made without root's rights. */
import { chmodSync, linkSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentRules, type SpecialFiles, type VarContent } from '../../src/container/rootfs/rules.ts';
import { scanDirectory } from '../../src/container/rootfs/scan-directory.ts';
import { libcXattrs } from '../../src/native/libc/xattrs.ts';

/** A system with what commits keep: links of both kinds, a sparse file, modes, a kernel. */
export function makeRootTree(root: string): void {
  const directory = (path: string) => mkdirSync(join(root, path), { recursive: true });
  const file = (path: string, content: string | Buffer) => writeFileSync(join(root, path), content);
  for (const path of ['usr/bin', 'usr/lib/modules/6.1.0', 'etc/ssl', 'var/lib/app', 'run', 'tmp', 'sysroot'])
    directory(path);
  chmodSync(root, 0o755);
  file('usr/bin/tool', '#!/bin/sh\necho tool\n');
  chmodSync(join(root, 'usr/bin/tool'), 0o4755);
  linkSync(join(root, 'usr/bin/tool'), join(root, 'usr/bin/tool-2'));
  symlinkSync('tool', join(root, 'usr/bin/alias'));
  symlinkSync('usr/bin', join(root, 'bin'));
  symlinkSync('sysroot/ostree', join(root, 'ostree'));
  file('usr/lib/modules/6.1.0/vmlinuz', 'kernel');
  file('usr/lib/sparse', 'start');
  truncateSync(join(root, 'usr/lib/sparse'), 3_000_000);
  file('usr/lib/empty', '');
  file('usr/lib/naïve – ü', Buffer.alloc(300_000, 'x'));
  file('etc/os-release', 'ID=test\n');
  chmodSync(join(root, 'etc/os-release'), 0o640);
  file('etc/ssl/cert', 'certificate');
  file('var/lib/app/state', 'state');
  file('run/lock', 'lock');
  file('tmp/left', 'left');
  directory('sysroot/ostree/repo');
  file('sysroot/ostree/repo/config', '[core]\n');
}

export type ScannedOptions = { readonly var?: VarContent; readonly special?: SpecialFiles };

export function scanned(root: string, options: ScannedOptions = {}) {
  const { special = 'refuse' } = options;
  return scanDirectory(root, { rules: contentRules(options.var ?? 'keep'), special, xattrs: libcXattrs });
}

/** A SELinux policy with a few rules. */
export function makePolicy(root: string): void {
  const policy = join(root, 'etc/selinux/targeted');
  mkdirSync(join(policy, 'contexts/files'), { recursive: true });
  mkdirSync(join(policy, 'policy'));
  writeFileSync(join(root, 'etc/selinux/config'), 'SELINUX=enforcing\nSELINUXTYPE=targeted\n');
  writeFileSync(join(policy, 'policy/policy.33'), 'a checksum is taken of this');
  const rules = [
    '/.*\tsystem_u:object_r:default_t:s0',
    '/usr/bin/.*\t--\tsystem_u:object_r:bin_t:s0',
    '/etc(/.*)?\tsystem_u:object_r:etc_t:s0',
    '/run/.*\t<<none>>',
  ];
  writeFileSync(join(policy, 'contexts/files/file_contexts'), `${rules.join('\n')}\n`);
}
