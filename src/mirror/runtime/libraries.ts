/**
 * Finds the shared libraries that a program needs, as the loader does: in the program's own search path, then
 * in the system's directories. Libraries for other machines are skipped.
 */
import { globSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isTreeportError, TreeportError } from '../../base/errors.ts';
import { type ElfFile, readElf } from './elf.ts';

export type Library = {
  /** The soname, such as `libc.so.6`. */
  readonly name: string;
  readonly path: string;
};

/** Debian's multiarch directory of a machine. */
const TRIPLETS: Readonly<Record<number, string>> = {
  21: 'powerpc64le-linux-gnu',
  62: 'x86_64-linux-gnu',
  183: 'aarch64-linux-gnu',
  243: 'riscv64-linux-gnu',
};

/**
 * All libraries that the program needs, directly or indirectly, without the loader; sorted by name. `root` is
 * where the system's directories are.
 */
export function neededLibraries(program: ElfFile, root = '/'): readonly Library[] {
  const loader = program.interpreter === undefined ? undefined : basename(program.interpreter);
  const found = new Map<string, ElfFile>();
  const pending: ElfFile[] = [program];
  for (let user = pending.pop(); user !== undefined; user = pending.pop()) {
    for (const name of user.needed) {
      if (found.has(name) || name === loader || isMusl(name)) continue;
      const library = findLibrary(name, user, root);
      found.set(name, library);
      pending.push(library);
    }
  }
  return [...found]
    .map(([name, { path }]) => ({ name, path }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** musl's libc is its loader. */
function isMusl(name: string): boolean {
  return name.startsWith('libc.musl-');
}

/** ERR_RUNTIME if no directory has a library of this name for the machine of `user`. */
export function findLibrary(name: string, user: ElfFile, root: string): ElfFile {
  const origin = dirname(realpathSync(user.path));
  const own = user.searchPath.map((path) => path.replaceAll(/\$(?:ORIGIN|\{ORIGIN\})/g, origin));
  const directories = systemDirectories(user.machine).map((path) => join(root, path));
  for (const directory of [...own, ...directories]) {
    const library = readIfThere(join(directory, name));
    if (library?.machine === user.machine) return library;
  }
  throw new TreeportError(
    'ERR_RUNTIME',
    `the library ${name}, which ${user.path} needs, is not on this machine; pass a ready-made runtime with --runtime`,
  );
}

/** Undefined if the file is not a library, such as a linker script. */
function readIfThere(path: string): ElfFile | undefined {
  try {
    return readElf(path);
  } catch (error) {
    if (isTreeportError(error, 'ERR_RUNTIME')) return undefined;
    throw error;
  }
}

function systemDirectories(machine: number): readonly string[] {
  const triplet = TRIPLETS[machine];
  const multiarch = triplet === undefined ? [] : [`/lib/${triplet}`, `/usr/lib/${triplet}`];
  return [...multiarch, ...configured(), '/lib64', '/usr/lib64', '/lib', '/usr/lib'];
}

/** The directories of ld.so.conf and the files it includes. */
function configured(): readonly string[] {
  return ['/etc/ld.so.conf', ...globSync('/etc/ld.so.conf.d/*.conf').toSorted()].flatMap((file) =>
    readLines(file).filter((line) => line.startsWith('/')),
  );
}

function readLines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.trim());
  } catch {
    return [];
  }
}
