/**
 * Assembles the runtime from files on this machine:
 *
 *     bin/node            the pinned Node, or the one that is running; without its symbol tables
 *     lib/ld.so, lib/*    its loader and the shared libraries it needs
 *     app/                the bundled server, built by scripts/bundle.ts
 *     licenses/, NOTICE   what is in it, and under which terms
 */
import { existsSync, realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { compareBytes } from '../../base/bytes.ts';
import { TreeportError } from '../../base/errors.ts';
import { VERSION } from '../../base/version.ts';
import { goArchitecture } from '../../oci/model/platform.ts';
import { fileFromBytes, fileFromDisk, type LayerFile, layerFilesFrom } from '../layer.ts';
import { RUNTIME_APP, RUNTIME_LOADER, RUNTIME_NODE } from '../layout.ts';
import { type ElfFile, readElf } from './elf.ts';
import { type ForeignFunctions, foreignFunctions } from './foreign-functions.ts';
import { type Library, neededLibraries } from './libraries.ts';
import { strippedProgram } from './strip.ts';

export type RuntimeFiles = {
  /** As Go names it. */
  readonly architecture: string;
  /** `v24.21.0`. */
  readonly nodeVersion: string;
  /** Sorted by path. */
  readonly files: readonly LayerFile[];
};

type NodeProgram = { readonly path: string; readonly version: string; readonly license: string | undefined };

/** Paths of the libraries' licenses, on Debian and on Fedora. */
const LIBRARY_LICENSES: Readonly<Record<string, readonly string[]>> = {
  'glibc.txt': ['/usr/share/doc/libc6/copyright', '/usr/share/licenses/glibc/COPYING.LIB'],
  'liblzma.txt': ['/usr/share/doc/liblzma5/copyright', '/usr/share/licenses/xz-libs/COPYING'],
  'gcc-libraries.txt': ['/usr/share/doc/libgcc-s1/copyright', '/usr/share/licenses/libgcc/COPYING.RUNTIME'],
};

/** The runtime for an architecture (Go's name); ERR_RUNTIME if this machine lacks something it needs. */
export async function localRuntime(
  architecture: string = goArchitecture(process.arch),
): Promise<RuntimeFiles> {
  const node = await nodeProgram(architecture);
  const elf = readElf(node.path);
  const foreign = await foreignFunctions(elf, npmArchitecture(architecture));
  const libraries = distinct([...neededLibraries(elf), ...(foreign?.libraries ?? [])]);
  const files = [
    { path: RUNTIME_NODE, executable: true, ...strippedProgram(elf) },
    await loaderFile(elf),
    ...(await Promise.all(libraries.map(libraryFile))),
    ...(await layerFilesFrom(appDirectory(), dirname(RUNTIME_APP))),
    ...(foreign?.files ?? []),
    ...(await licenseFiles(node, foreign)),
    fileFromBytes('NOTICE', Buffer.from(notice(node, architecture, libraries, foreign))),
  ];
  return {
    architecture,
    nodeVersion: node.version,
    files: files.toSorted((a, b) => compareBytes(a.path, b.path)),
  };
}

async function nodeProgram(architecture: string): Promise<NodeProgram> {
  const name = `node-linux-${npmArchitecture(architecture)}`;
  const pinned = packageDirectory(name);
  if (pinned !== undefined) {
    const { version } = JSON.parse(await readFile(join(pinned, 'package.json'), 'utf8')) as {
      version: string;
    };
    return { path: join(pinned, 'bin/node'), version: `v${version}`, license: join(pinned, 'LICENSE') };
  }
  if (architecture === goArchitecture(process.arch)) {
    return { path: realpathSync(process.execPath), version: process.version, license: undefined };
  }
  throw new TreeportError(
    'ERR_RUNTIME',
    `no Node for ${architecture} on this machine; pass a ready-made runtime with --runtime`,
  );
}

function npmArchitecture(architecture: string): string {
  return architecture === 'amd64' ? 'x64' : architecture;
}

/** Sorted by name. */
function distinct(libraries: readonly Library[]): readonly Library[] {
  const byName = new Map(libraries.map((library) => [library.name, library]));
  return [...byName.values()].toSorted((a, b) => compareBytes(a.name, b.name));
}

function packageDirectory(name: string): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

async function loaderFile({ interpreter, path }: ElfFile): Promise<LayerFile> {
  if (interpreter !== undefined && existsSync(interpreter)) {
    return { ...(await fileFromDisk(RUNTIME_LOADER, interpreter)), executable: true };
  }
  const what =
    interpreter === undefined
      ? `the program ${path} names no loader`
      : `the loader ${interpreter} of ${path} is not on this machine`;
  throw new TreeportError('ERR_RUNTIME', `${what}; pass a ready-made runtime with --runtime`);
}

async function libraryFile({ name, path }: Library): Promise<LayerFile> {
  return { ...(await fileFromDisk(`lib/${name}`, path)), executable: false };
}

/** The bundle: beside the sources, the built library or the built command. */
function appDirectory(): string {
  const candidates = ['../../../dist/app', '../../app', '../app'].map((path) =>
    join(import.meta.dirname, path),
  );
  const found = candidates.find((path) => existsSync(join(path, 'treeport.mjs')));
  if (found !== undefined) return found;
  throw new TreeportError(
    'ERR_RUNTIME',
    'the server for mirror images is not built; run `npm run build` first',
  );
}

async function licenseFiles(
  { license }: NodeProgram,
  foreign: ForeignFunctions | undefined,
): Promise<readonly LayerFile[]> {
  const files: LayerFile[] = [];
  if (license !== undefined) files.push(await textFile('licenses/node.txt', license));
  if (foreign !== undefined) files.push(await textFile('licenses/koffi.txt', foreign.license));
  for (const [name, paths] of Object.entries(LIBRARY_LICENSES)) {
    const path = paths.find((candidate) => existsSync(candidate));
    if (path !== undefined) files.push(await textFile(`licenses/${name}`, path));
  }
  return files;
}

async function textFile(path: string, source: string): Promise<LayerFile> {
  return { ...(await fileFromDisk(path, source)), executable: false };
}

function notice(
  { version }: NodeProgram,
  architecture: string,
  libraries: readonly Library[],
  foreign: ForeignFunctions | undefined,
): string {
  return [
    `treeport ${VERSION} (Apache-2.0), bundled with the packages of app/LICENSES.txt`,
    `Node.js ${version} for ${architecture} (licenses/node.txt), without its symbol tables`,
    ...(foreign === undefined
      ? []
      : ['koffi (MIT, licenses/koffi.txt) and liblzma (public domain, licenses/liblzma.txt)']),
    'The loader lib/ld.so and these libraries of the machine that the runtime was put together on',
    '(GNU C Library: LGPL-2.1-or-later; libstdc++, libgcc: GPL-3.0 with the GCC Runtime Library Exception):',
    ...libraries.map(({ name }) => `  lib/${name}`),
    '',
  ].join('\n');
}
