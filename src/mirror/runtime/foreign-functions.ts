/**
 * What the command takes from the runtime of a package: koffi and liblzma. The server in images, where they
 * are as well, loads neither.
 *
 *     lib/liblzma.so.5, …             liblzma, and what it and koffi need
 *     app/node_modules/koffi/         the package, with the one binary of this architecture
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isTreeportError } from '../../base/errors.ts';
import { packageDirectory } from '../../base/package-directory.ts';
import { fileFromDisk, type LayerFile } from '../layer.ts';
import { type ElfFile, readElf } from './elf.ts';
import { type Library, neededLibraries } from './libraries.ts';
import { KOFFI } from './runtime-package.ts';

export type ForeignFunctions = {
  readonly files: readonly LayerFile[];
  readonly libraries: readonly Library[];
  /** Of koffi. */
  readonly license: string;
};

const LIBLZMA = 'liblzma.so.5';
/** What `require` of koffi loads. */
const MODULES = ['package.json', 'index.cjs', 'src/koffi/index.cjs', 'src/koffi/src/static.cjs'];

export type KoffiFiles = {
  /** Of the package. */
  readonly directory: string;
  /** The one of the architecture. */
  readonly binary: string;
};

/** What the Node program that is part of the runtime can load; undefined if `root` lacks a library. */
export async function foreignFunctions(
  node: ElfFile,
  { directory, binary }: KoffiFiles,
  root: string,
): Promise<ForeignFunctions | undefined> {
  try {
    const needed = [...readElf(binary).needed, LIBLZMA];
    const libraries = neededLibraries({ ...node, needed }, root);
    const build = basename(dirname(binary));
    const files = [
      ...(await Promise.all(MODULES.map((file) => plainFile(join(KOFFI, file), join(directory, file))))),
      await plainFile(join(KOFFI, 'build/koffi', build, 'koffi.node'), binary),
    ];
    return { files, libraries, license: join(directory, 'LICENSE.txt') };
  } catch (error) {
    if (isTreeportError(error, 'ERR_RUNTIME')) return undefined;
    throw error;
  }
}

async function plainFile(path: string, source: string): Promise<LayerFile> {
  return { ...(await fileFromDisk(path, source)), executable: false };
}

/** koffi as it is installed here, for an architecture (npm's name); undefined if it is not. */
export function installedKoffi(architecture: string): KoffiFiles | undefined {
  const directory = packageDirectory('koffi');
  const platform = packageDirectory(`@koromix/koffi-linux-${architecture}`);
  if (directory === undefined || platform === undefined) return undefined;
  const binary = koffiBinary(platform, architecture);
  return existsSync(binary) ? { directory, binary } : undefined;
}

/** The binary in koffi's package of a platform. */
export function koffiBinary(platform: string, architecture: string): string {
  return join(platform, `linux_${architecture}`, 'koffi.node');
}
