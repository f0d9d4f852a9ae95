/** A mirror image of the Debian tree, built by this checkout and unpacked as container runtimes do. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runtimeCommand } from '../src/mirror/layout.ts';
import { type Command, run, treeport } from './command.ts';
import { debianRepos, REF } from './debian-tree.ts';

export type Layer = { readonly path: string; readonly bytes: number };

/** Builds the image as an OCI layout at `path`. */
export async function buildMirror(path: string, compression: string): Promise<void> {
  const { bare } = await debianRepos();
  const options = ['--quiet', '--compression', compression];
  await run(treeport('mirror', 'build', ...options, '--repo', bare, REF, `oci:${path}`));
}

/** The layers of the only image in an OCI layout, bottom first. */
export async function layersOf(layout: string): Promise<Layer[]> {
  const blob = (digest: string) => join(layout, 'blobs', digest.replace(':', '/'));
  const json = async (path: string) => JSON.parse(await readFile(path, 'utf8'));
  const { manifests } = await json(join(layout, 'index.json'));
  const { layers } = await json(blob(manifests[0].digest));
  return layers.map(({ digest, size }: { digest: string; size: number }) => ({
    path: blob(digest),
    bytes: size,
  }));
}

/** Builds and unpacks a mirror image below `folder`; returns its root. */
export async function unpackMirror(folder: string): Promise<string> {
  const [layout, root] = [join(folder, 'mirror-image'), join(folder, 'mirror-root')];
  await buildMirror(layout, 'gzip:1');
  await mkdir(root);
  for (const { path } of await layersOf(layout)) await run(['tar', '-xzf', path, '-C', root]);
  return root;
}

/** The entry point of the image, run with the image's Node and libraries as in a container. */
export function mirrorCommand(root: string, ...words: readonly string[]): Command {
  const [loader = '', ...rest] = runtimeCommand('serve').map((word) =>
    word.startsWith('/') ? join(root, word) : word,
  );
  return [loader, ...rest, ...words];
}
