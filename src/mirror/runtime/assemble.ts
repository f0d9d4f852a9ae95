/**
 * Assembles what the server in images runs with, from a Node program and the system directory below `root`,
 * which is `/` or unpacked packages of a distribution, possibly of another architecture:
 *
 *     bin/node            Node, without its symbol tables
 *     lib/ld.so, lib/*    its loader and the shared libraries it needs, liblzma included
 *     app/node_modules/   koffi
 *     licenses/           under which terms
 */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { compareBytes } from '../../base/bytes.ts';
import { TreeportError } from '../../base/errors.ts';
import { fileFromDisk, type LayerFile } from '../layer.ts';
import { RUNTIME_LOADER, RUNTIME_NODE } from '../layout.ts';
import { type ElfFile, readElf } from './elf.ts';
import { type ForeignFunctions, foreignFunctions, type KoffiFiles } from './foreign-functions.ts';
import { findLibrary, type Library, neededLibraries } from './libraries.ts';
import { strippedProgram } from './strip.ts';

export type RuntimeParts = {
  readonly node: { readonly path: string; readonly license: string | undefined };
  readonly koffi: KoffiFiles | undefined;
  /** Where loader, libraries and their licences are. */
  readonly root: string;
};

export type AssembledRuntime = {
  /** Paths as in the mirror's home. */
  readonly files: readonly LayerFile[];
  /** Sorted by name, the loader not among them. */
  readonly libraries: readonly Library[];
  /** False if koffi or liblzma is missing. */
  readonly foreign: boolean;
};

/** Paths of the libraries' licences, on Debian and on Fedora. */
const LIBRARY_LICENSES: Readonly<Record<string, readonly string[]>> = {
  'glibc.txt': ['/usr/share/doc/libc6/copyright', '/usr/share/licenses/glibc/COPYING.LIB'],
  'liblzma.txt': ['/usr/share/doc/liblzma5/copyright', '/usr/share/licenses/xz-libs/COPYING'],
  'gcc-libraries.txt': [
    '/usr/share/doc/libgcc-s1/copyright',
    '/usr/share/doc/gcc-12-base/copyright',
    '/usr/share/licenses/libgcc/COPYING.RUNTIME',
  ],
};

/** ERR_RUNTIME if a library or the loader is missing. */
export async function assembleRuntime({ node, koffi, root }: RuntimeParts): Promise<AssembledRuntime> {
  const elf = readElf(node.path);
  const foreign = koffi && (await foreignFunctions(elf, koffi, root));
  const libraries = distinct([...neededLibraries(elf, root), ...(foreign?.libraries ?? [])]);
  const files = [
    { path: RUNTIME_NODE, executable: true, ...strippedProgram(elf) },
    await loaderFile(elf, root),
    ...(await Promise.all(libraries.map(libraryFile))),
    ...(foreign?.files ?? []),
    ...(await licenseFiles(node.license, foreign, root)),
  ];
  return { files, libraries, foreign: foreign !== undefined };
}

/** Sorted by name. */
function distinct(libraries: readonly Library[]): readonly Library[] {
  const byName = new Map(libraries.map((library) => [library.name, library]));
  return [...byName.values()].toSorted((a, b) => compareBytes(a.name, b.name));
}

async function loaderFile(elf: ElfFile, root: string): Promise<LayerFile> {
  return { ...(await fileFromDisk(RUNTIME_LOADER, loaderPath(elf, root))), executable: true };
}

/** The path in the program may be an absolute link, which leads out of any other root. */
function loaderPath(elf: ElfFile, root: string): string {
  const { interpreter, path } = elf;
  if (interpreter === undefined) throw noLoader(`the program ${path} names no loader`);
  if (root !== '/') return findLibrary(basename(interpreter), elf, root).path;
  if (existsSync(interpreter)) return interpreter;
  throw noLoader(`the loader ${interpreter} of ${path} is not on this machine`);
}

function noLoader(what: string): TreeportError {
  return new TreeportError('ERR_RUNTIME', `${what}; pass a ready-made runtime with --runtime`);
}

async function libraryFile({ name, path }: Library): Promise<LayerFile> {
  return { ...(await fileFromDisk(`lib/${name}`, path)), executable: false };
}

async function licenseFiles(
  ofNode: string | undefined,
  foreign: ForeignFunctions | undefined,
  root: string,
): Promise<readonly LayerFile[]> {
  const files: LayerFile[] = [];
  if (ofNode !== undefined) files.push(await textFile('licenses/node.txt', ofNode));
  if (foreign !== undefined) files.push(await textFile('licenses/koffi.txt', foreign.license));
  for (const [name, paths] of Object.entries(LIBRARY_LICENSES)) {
    const path = paths.map((each) => join(root, each)).find((candidate) => existsSync(candidate));
    if (path !== undefined) files.push(await textFile(`licenses/${name}`, path));
  }
  return files;
}

async function textFile(path: string, source: string): Promise<LayerFile> {
  return { ...(await fileFromDisk(path, source)), executable: false };
}
