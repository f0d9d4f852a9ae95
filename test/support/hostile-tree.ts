/**
 * A small tree of edge cases: owners, modes, attributes, links and names at the limits of what ostree stores.
 * Entries that need root are left out for other users.
 */
import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  mkdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { must } from '../e2e/support/run.ts';

const IS_ROOT = process.getuid?.() === 0;

/** Larger than one read; compresses badly. */
export const LARGE_BYTES = 1_500_000;

/**
 * Fills the existing directory. `plain` leaves out what a bare-user-only repository rejects, such as setuid
 * and setgid bits.
 */
export async function makeHostileTree(
  root: string,
  options: { readonly plain?: boolean } = {},
): Promise<void> {
  makeNames(join(root, 'names'));
  makeLinks(join(root, 'links'));
  makeContents(join(root, 'contents'));
  if (options.plain === true) return;
  makeModes(join(root, 'modes'));
  await makeAttributes(join(root, 'attributes'));
  if (IS_ROOT) await makeOwners(join(root, 'owners'));
}

function makeNames(folder: string): void {
  mkdirSync(folder);
  const names = [
    'Grüße-файл-文件-😀',
    '\uffee-before-the-emoji',
    'n'.repeat(200),
    'x'.repeat(255),
    'with space',
    '-dash',
    'back\\slash',
    'new\nline',
    `quote'"`,
    '%2e%2e',
    '*?[',
    '.hidden',
    '...',
    '.wh.whiteout',
    'a',
    'a.b',
    'a0',
    'A',
  ];
  for (const name of names) writeFileSync(join(folder, name), `${name}\n`);
  // `a/` sorts after `a.b` by name, but would sort before it if the slash counted.
  mkdirSync(join(folder, 'd'));
  writeFileSync(join(folder, 'd/inside'), 'inside\n');
  mkdirSync(join(folder, 'd.e'));
  mkdirSync(join(folder, 'deep', ...Array.from({ length: 8 }, () => 'd'.repeat(60))), { recursive: true });
}

function makeLinks(folder: string): void {
  mkdirSync(folder);
  const targets = {
    'double-slash': '../..//weird//target',
    dot: '.',
    dots: './././names/a',
    'trailing-slash': 'names/',
    dangling: '/nowhere/at/all',
    utf8: 'Ünïcödé/файл',
    'target-230': 't'.repeat(230),
    'target-250': 't'.repeat(250),
    'target-1000': `/${'long/'.repeat(199)}end`,
    'target-4095': `/${'long/'.repeat(818)}last`,
  };
  for (const [name, target] of Object.entries(targets)) symlinkSync(target, join(folder, name));
  writeFileSync(join(folder, 'hardlink-a'), 'one inode, two names\n');
  linkSync(join(folder, 'hardlink-a'), join(folder, 'hardlink-b'));
}

function makeContents(folder: string): void {
  mkdirSync(folder);
  writeFileSync(join(folder, 'empty'), '');
  writeFileSync(join(folder, 'nul'), '\0');
  writeFileSync(join(folder, 'zeros'), Buffer.alloc(300_000));
  writeFileSync(join(folder, 'large'), noise(LARGE_BYTES));
  writeFileSync(join(folder, 'small-compressed'), Buffer.alloc(3_000_000, 'treeport '));
  utimesSync(join(folder, 'nul'), 12345, 67890);
}

/** Bytes that do not compress, the same on every machine. */
function noise(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = 1;
  for (let at = 0; at < size; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[at] = state >>> 16;
  }
  return bytes;
}

function makeModes(folder: string): void {
  mkdirSync(folder);
  // Only root can commit files that their owner cannot read.
  const modes = [0o4755, 0o2755, 0o7777, 0o600, 0o444, ...(IS_ROOT ? [0, 0o111, 0o200] : [])];
  for (const mode of modes) {
    const path = join(folder, `mode-${mode.toString(8)}`);
    writeFileSync(path, 'mode\n');
    chmodSync(path, mode);
  }
  mkdirSync(join(folder, 'sticky'));
  chmodSync(join(folder, 'sticky'), 0o1777);
  if (!IS_ROOT) return;
  mkdirSync(join(folder, 'closed'));
  writeFileSync(join(folder, 'closed/inside'), 'inside\n');
  chmodSync(join(folder, 'closed'), 0);
}

async function makeAttributes(folder: string): Promise<void> {
  mkdirSync(folder);
  mkdirSync(join(folder, 'directory'));
  for (const name of ['one', 'two', 'empty', 'many'])
    writeFileSync(join(folder, name), name === 'empty' ? '' : `${name}\n`);
  await setXattr(join(folder, 'one'), 'user.mykey', 'myvalue');
  await setXattr(join(folder, 'two'), 'user.z', 'last');
  await setXattr(join(folder, 'two'), 'user.a', '0x00ff0a00');
  await setXattr(join(folder, 'empty'), 'user.empty', '');
  await setXattr(join(folder, 'directory'), 'user.directory', 'yes');
  // Enough for framing offsets of two bytes.
  for (let count = 0; count < 20; count++)
    await setXattr(join(folder, 'many'), `user.number${count}`, 'v'.repeat(count * 3));
  if (!IS_ROOT) return;
  writeFileSync(join(folder, 'capability'), 'a program\n', { mode: 0o755 });
  await must(['setcap', 'cap_net_raw,cap_net_admin+ep', join(folder, 'capability')]);
  symlinkSync('one', join(folder, 'link'));
  await must(['setfattr', '-h', '-n', 'trusted.link', '-v', 'on a symlink', join(folder, 'link')]);
}

async function setXattr(path: string, name: string, value: string): Promise<void> {
  await must(['setfattr', '-n', name, '-v', value, path]);
}

async function makeOwners(folder: string): Promise<void> {
  mkdirSync(folder);
  for (const [uid, gid] of [
    [1000, 1001],
    [65534, 65534],
    [3_000_000, 12],
    [0xfffffffe, 0xfffffffe],
  ] as const) {
    const path = join(folder, `owner-${uid}`);
    writeFileSync(path, 'owned\n');
    chownSync(path, uid, gid);
  }
  symlinkSync('owner-1000', join(folder, 'link'));
  lchownSync(join(folder, 'link'), 1000, 3_000_000);
  mkdirSync(join(folder, 'directory'));
  chownSync(join(folder, 'directory'), 12, 34);
}
