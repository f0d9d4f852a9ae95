/**
 * What the runtime needs for virtual deltas that are compressed: koffi and liblzma. Only the threads that
 * make parts load them; a runtime without them serves everything else.
 *
 *     lib/liblzma.so.5, …             liblzma, and what it and koffi need
 *     app/node_modules/koffi/         the package, with the one binary of this architecture
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { isTreeportError } from '../../base/errors.ts';
import { fileFromDisk, type LayerFile } from '../layer.ts';
import { RUNTIME_APP } from '../layout.ts';
import { type ElfFile, readElf } from './elf.ts';
import { type Library, neededLibraries } from './libraries.ts';

export type ForeignFunctions = {
  readonly files: readonly LayerFile[];
  readonly libraries: readonly Library[];
  /** Of koffi. */
  readonly license: string;
};

const LIBLZMA = 'liblzma.so.5';
/** What `require` of koffi loads. */
const MODULES = ['package.json', 'index.cjs', 'src/koffi/index.cjs', 'src/koffi/src/static.cjs'];

/** For the Node program that is part of the runtime; undefined if this machine lacks a part of it. */
export async function foreignFunctions(
  node: ElfFile,
  npmArchitecture: string,
): Promise<ForeignFunctions | undefined> {
  const koffi = packageDirectory('koffi');
  const binary = binaryOf(npmArchitecture);
  if (koffi === undefined || binary === undefined) return undefined;
  try {
    const needed = [...readElf(binary).needed, LIBLZMA];
    const libraries = neededLibraries({ ...node, needed });
    const target = join(dirname(RUNTIME_APP), 'node_modules/koffi');
    const files = [
      ...(await Promise.all(MODULES.map((file) => plainFile(join(target, file), join(koffi, file))))),
      await plainFile(join(target, `build/koffi/linux_${npmArchitecture}/koffi.node`), binary),
    ];
    return { files, libraries, license: join(koffi, 'LICENSE.txt') };
  } catch (error) {
    if (isTreeportError(error, 'ERR_RUNTIME')) return undefined;
    throw error;
  }
}

async function plainFile(path: string, source: string): Promise<LayerFile> {
  return { ...(await fileFromDisk(path, source)), executable: false };
}

function packageDirectory(name: string): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve(name));
  } catch {
    return undefined;
  }
}

function binaryOf(npmArchitecture: string): string | undefined {
  const directory = packageDirectory(`@koromix/koffi-linux-${npmArchitecture}`);
  const path = directory && join(directory, `linux_${npmArchitecture}`, 'koffi.node');
  return path !== undefined && existsSync(path) ? path : undefined;
}
