/**
 * The npm packages `treeport-runtime-linux-*`, optional dependencies made by scripts/runtimes.ts: what the
 * server in images runs with, for one architecture, from pinned sources.
 *
 *     runtime/bin, lib, licenses     as in the mirror's home
 *     runtime/koffi                  app/node_modules/koffi there, because npm packs no such directory
 *     runtime/NOTICE, sources.json   what is in it, by name, version and hash
 *     runtime/tools                  libdeflate for the command, with its licence; not part of images
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { compareBytes } from '../../base/bytes.ts';
import { RUNTIME_TOOLS } from '../../base/package-directory.ts';
import { type LayerFile, layerFilesFrom } from '../layer.ts';
import { RUNTIME_APP } from '../layout.ts';

export type RuntimePackage = {
  /** `v24.21.0`. */
  readonly nodeVersion: string;
  readonly files: readonly LayerFile[];
};

/** In the mirror's home. */
export const KOFFI: string = join(dirname(RUNTIME_APP), 'node_modules/koffi');
const KOFFI_IN_PACKAGE = 'koffi';

export const RUNTIME_SOURCES = 'sources.json';

/** A pinned package that the runtime was made of. */
export type RuntimeSource = {
  readonly from: 'npm' | 'debian';
  readonly name: string;
  readonly version: string;
  /** Of the package's file: `sha512-…` in base64 for npm, `sha256:…` in hexadecimal for Debian. */
  readonly hash: string;
};

/** Reads a runtime of a package: its `runtime/`. */
export async function packagedRuntime(directory: string): Promise<RuntimePackage> {
  const sources: readonly RuntimeSource[] = JSON.parse(
    await readFile(join(directory, RUNTIME_SOURCES), 'utf8'),
  );
  const node = sources.find(({ name }) => name.startsWith('node-linux-'));
  const files = layerFilesFrom(directory, '.')
    .map((file) => ({ ...file, path: file.path.slice('./'.length) }))
    .filter(({ path }) => !path.startsWith(`${RUNTIME_TOOLS}/`))
    .map((file) => ({ ...file, path: pathInHome(file.path) }));
  return {
    nodeVersion: `v${node?.version}`,
    files: files.toSorted((a, b) => compareBytes(a.path, b.path)),
  };
}

function pathInHome(path: string): string {
  return path.startsWith(`${KOFFI_IN_PACKAGE}/`) ? KOFFI + path.slice(KOFFI_IN_PACKAGE.length) : path;
}

/** Where a file of the mirror's home is below `runtime/` of the package. */
export function pathInPackage(path: string): string {
  return path.startsWith(`${KOFFI}/`) ? KOFFI_IN_PACKAGE + path.slice(KOFFI.length) : path;
}
