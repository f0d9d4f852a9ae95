/**
 * The runtime that is installed here: of the package for the architecture (runtime-package.ts), or assembled
 * from this machine's files (assemble.ts), and in both cases with
 *
 *     app/                the bundled server, built by scripts/bundle.ts
 *     NOTICE              what is in it
 */
import { existsSync, realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { compareBytes } from '../../base/bytes.ts';
import { TreeportError } from '../../base/errors.ts';
import { packageDirectory, runtimeDirectory, runtimePackageName } from '../../base/package-directory.ts';
import { VERSION } from '../../base/version.ts';
import { goArchitecture } from '../../oci/model/platform.ts';
import { fileFromBytes, type LayerFile, layerFilesFrom } from '../layer.ts';
import { RUNTIME_APP } from '../layout.ts';
import { type AssembledRuntime, assembleRuntime } from './assemble.ts';
import { installedKoffi } from './foreign-functions.ts';
import { packagedRuntime, type RuntimePackage } from './runtime-package.ts';

export type RuntimeFiles = {
  /** As Go names it. */
  readonly architecture: string;
  /** `v24.21.0`. */
  readonly nodeVersion: string;
  /** Sorted by path. */
  readonly files: readonly LayerFile[];
};

type NodeProgram = { readonly path: string; readonly version: string; readonly license: string | undefined };

/**
 * The runtime for an architecture (Go's name); ERR_RUNTIME if there is no package and this machine lacks
 * something it needs.
 */
export async function localRuntime(
  architecture: string = goArchitecture(process.arch),
): Promise<RuntimeFiles> {
  const directory = runtimeDirectory(npmArchitecture(architecture));
  const { nodeVersion, files } =
    directory === undefined ? await ofThisMachine(architecture) : await packagedRuntime(directory);
  const all = [...files, ...layerFilesFrom(appDirectory(), dirname(RUNTIME_APP))];
  return { architecture, nodeVersion, files: all.toSorted((a, b) => compareBytes(a.path, b.path)) };
}

async function ofThisMachine(architecture: string): Promise<RuntimePackage> {
  const node = await nodeProgram(architecture);
  const koffi = installedKoffi(npmArchitecture(architecture));
  const assembled = await assembleRuntime({ node, koffi, root: '/' });
  const notice = runtimeNotice(node.version, architecture, assembled);
  return {
    nodeVersion: node.version,
    files: [...assembled.files, fileFromBytes('NOTICE', Buffer.from(notice))],
  };
}

/** The pinned Node of a checkout, or the one that is running. */
async function nodeProgram(architecture: string): Promise<NodeProgram> {
  const pinned = packageDirectory(`node-linux-${npmArchitecture(architecture)}`);
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
    `no runtime for ${architecture} on this machine; install the package ` +
      `${runtimePackageName(npmArchitecture(architecture))}, or pass a ready-made runtime with --runtime`,
  );
}

/** npm's name of an architecture that has Go's name. */
function npmArchitecture(architecture: string): string {
  return architecture === 'amd64' ? 'x64' : architecture;
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

/** What is in the runtime, and under which terms; `from` says where the libraries come from. */
export function runtimeNotice(
  nodeVersion: string,
  architecture: string,
  { libraries, foreign }: AssembledRuntime,
  from = 'of the machine that the runtime was put together on',
): string {
  return [
    `treeport ${VERSION} (Apache-2.0), bundled with the packages of app/LICENSES.txt`,
    `Node.js ${nodeVersion} for ${architecture} (licenses/node.txt), without its symbol tables`,
    ...(foreign ? ['koffi (MIT, licenses/koffi.txt) and liblzma (public domain, licenses/liblzma.txt)'] : []),
    `The loader lib/ld.so and these libraries ${from}`,
    '(GNU C Library: LGPL-2.1-or-later; libstdc++, libgcc: GPL-3.0 with the GCC Runtime Library Exception):',
    ...libraries.map(({ name }) => `  lib/${name}`),
    '',
  ].join('\n');
}
