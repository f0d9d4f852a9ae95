/** USB sticks: small disks with a file system, mounted where desktops mount them. */
import { readFileSync, truncateSync } from 'node:fs';
import { copyFile, mkdir, open, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import { unlessInstalled, unlessRoot } from '../../support/programs.ts';
import { must } from './run.ts';
import { atEnd, tempDir } from './scratch.ts';

export type UsbStick = {
  /** Where it is mounted. */
  readonly path: string;
  /** What is on it now, as a stick that is not mounted yet: it was pulled out without a word. */
  copy(): Promise<string>;
  /** Pulls it out while it is mounted: every access to the disk fails from now on. */
  pullOut(): Promise<void>;
  /** Unmounts it. */
  eject(): Promise<void>;
};

export type StickFormat = 'ext4' | 'exfat' | 'vfat';

export const unlessSticks: string | false = unlessRoot() || unlessInstalled('mkfs.ext4', 'mount', 'losetup');

const MEGABYTE = 1024 * 1024;

/** Kernels without exFAT or FAT use the drivers in user space, which have the same limits. */
const DRIVERS = { exfat: 'mount.exfat-fuse', vfat: 'fusefat' } as const;
const MAKERS = { ext4: ['mkfs.ext4', '-q', '-m', '0'], exfat: ['mkfs.exfat'], vfat: ['mkfs.vfat'] } as const;

export function unlessFormat(format: 'exfat' | 'vfat'): string | false {
  return unlessSticks || unlessInstalled(MAKERS[format][0], ...(isInKernel(format) ? [] : [DRIVERS[format]]));
}

/** The file of a new stick. */
export async function formatStick(
  folder: string,
  megabytes: number,
  format: StickFormat = 'ext4',
): Promise<string> {
  const file = join(folder, `stick-${megabytes}-${format}.img`);
  await using handle = await open(file, 'w');
  await handle.truncate(megabytes * MEGABYTE);
  await must([...MAKERS[format], file]);
  return file;
}

/** Mounts it below /media, where GLib looks for volumes that users plug in. */
export async function plugIn(t: TestContext, file: string, format: StickFormat = 'ext4'): Promise<UsbStick> {
  const path = join('/media', `treeport-${basename(await tempDir(t))}`);
  await mkdir(path, { recursive: true });
  const device = await must(['losetup', '--find', '--show', file]);
  atEnd(t, () => must(['losetup', '--detach', device]));
  await mountStick(device, path, format);
  const state = { isIn: true };
  const eject = async () => {
    if (!state.isIn) return;
    state.isIn = false;
    await must(['umount', path]);
    await rmdir(path);
  };
  atEnd(t, eject);
  return {
    path,
    eject,
    async copy() {
      // What came before this moment has reached the stick, what comes now is in flight.
      await must(['sync', '--file-system', path]);
      const copied = `${file}.pulled-out`;
      await copyFile(file, copied);
      return copied;
    },
    async pullOut() {
      truncateSync(file, 0);
      await must(['losetup', '--set-capacity', device]);
    },
  };
}

async function mountStick(device: string, path: string, format: StickFormat): Promise<void> {
  if (format === 'ext4' || isInKernel(format)) await must(['mount', '-t', format, device, path]);
  else if (format === 'exfat') await must([DRIVERS.exfat, device, path]);
  else await must([DRIVERS.vfat, '-o', 'rw+', device, path]);
}

export function isInKernel(format: StickFormat): boolean {
  return new RegExp(`\\t${format}$`, 'm').test(readFileSync('/proc/filesystems', 'utf8'));
}
