/** USB sticks: small disks with a file system, mounted where desktops mount them. */
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
  /** Unmounts it. */
  eject(): Promise<void>;
};

export const unlessSticks: string | false = unlessRoot() || unlessInstalled('mkfs.ext4', 'mount', 'losetup');

const MEGABYTE = 1024 * 1024;

/** The file of a new stick. */
export async function formatStick(folder: string, megabytes: number): Promise<string> {
  const file = join(folder, `stick-${megabytes}.img`);
  await using handle = await open(file, 'w');
  await handle.truncate(megabytes * MEGABYTE);
  await must(['mkfs.ext4', '-q', '-m', '0', file]);
  return file;
}

/** Mounts it below /media, where GLib looks for volumes that users plug in. */
export async function plugIn(t: TestContext, file: string): Promise<UsbStick> {
  const path = join('/media', `treeport-${basename(await tempDir(t))}`);
  await mkdir(path, { recursive: true });
  await must(['mount', '-o', 'loop', file, path]);
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
  };
}
