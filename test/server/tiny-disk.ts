/** A file system of 1 MiB, to see what happens when a disk is full. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';

/** For a test's `skip` option: false where one can be mounted, otherwise the reason. */
export function unlessTinyDisk(): string | false {
  return unlessRoot() || unlessInstalled('mount', 'umount');
}

export function tinyDisk(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'treeport-tiny-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tiny', folder]);
  t.after(() => {
    execFileSync('umount', ['--lazy', folder]);
    rmdirSync(folder);
  });
  return folder;
}
