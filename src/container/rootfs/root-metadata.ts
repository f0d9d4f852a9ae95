/**
 * Metadata of a commit that is made of a root filesystem: `version`, and `ostree.bootable` and `ostree.linux`
 * where it has a kernel, as `ostree commit --bootable` sets them.
 */
import { type Variant, variant } from '../../gvariant/index.ts';
import { type MetadataDict, stringVariant } from '../../ostree/metadata-dict.ts';
import { LABEL_BOOTABLE, LABEL_LINUX } from '../labels.ts';
import { nodeAt, type RootDirectory } from './root-tree.ts';

export type RootMetadataOptions = {
  /** For people: the version that a deployment is listed with. */
  readonly version: string | undefined;
};

export function rootMetadata(root: RootDirectory, { version }: RootMetadataOptions): MetadataDict {
  const metadata = new Map<string, Variant>();
  const kernels = kernelsOf(root);
  if (kernels.length > 0) metadata.set(LABEL_BOOTABLE, variant('b', true));
  // With several kernels no single one is booted.
  const [kernel] = kernels;
  if (kernel !== undefined && kernels.length === 1) metadata.set(LABEL_LINUX, stringVariant(kernel));
  if (version !== undefined) metadata.set('version', stringVariant(version));
  return metadata;
}

/** Releases of the kernels in `/usr/lib/modules/RELEASE/vmlinuz`, where ostree looks for them. */
function kernelsOf(root: RootDirectory): readonly string[] {
  const modules = nodeAt(root, 'usr/lib/modules');
  if (modules?.kind !== 'directory') return [];
  return [...modules.entries].flatMap(([release, node]) =>
    node.kind === 'directory' && node.entries.get('vmlinuz')?.kind === 'file' ? [release] : [],
  );
}

const KERNEL = 'vmlinuz-';

/** Says which kernels ostree would not find, because they are in `/boot`, as Debian installs them. */
export function kernelNotes(root: RootDirectory): readonly string[] {
  const boot = nodeAt(root, 'boot');
  if (boot?.kind !== 'directory' || kernelsOf(root).length > 0) return [];
  return [...boot.entries.keys()]
    .filter((name) => name.startsWith(KERNEL))
    .map((name) => {
      const modules = `/usr/lib/modules/${name.slice(KERNEL.length)}`;
      return `the image is not bootable: ostree does not find the kernel /boot/${name}; move it to ${modules}/vmlinuz, and its initramfs to ${modules}/initramfs.img`;
    });
}
