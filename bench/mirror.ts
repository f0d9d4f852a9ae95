/** A mirror image of the Debian tree, unpacked as container runtimes do. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Build } from './builds.ts';
import { type Command, run } from './command.ts';
import { debianRepos, REF } from './debian-tree.ts';

export type Layer = { readonly path: string; readonly bytes: number };
/** The only image of an OCI layout; layers bottom first. */
export type Image = {
  readonly layers: readonly Layer[];
  /** How many of the layers are the encapsulated commit's, the first ones. */
  readonly commitLayers: number;
  readonly start: Start;
};
/** How a runtime starts the image: its entry point and environment. */
export type Start = {
  readonly entrypoint: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
};

/** Builds the image as an OCI layout at `path`, with the defaults but for its compression. */
export async function buildMirror(path: string, compression: string, { treeport }: Build): Promise<void> {
  const { bare } = await debianRepos();
  const options = ['--quiet', '--compression', compression];
  await run(treeport('mirror', 'build', ...options, '--repo', bare, REF, `oci:${path}`));
}

export async function readImage(layout: string): Promise<Image> {
  const blob = (digest: string) => join(layout, 'blobs', digest.replace(':', '/'));
  const json = async (path: string) => JSON.parse(await readFile(path, 'utf8'));
  const { manifests } = await json(join(layout, 'index.json'));
  const manifest = await json(blob(manifests[0].digest));
  const { config, rootfs } = await json(blob(manifest.config.digest));
  return {
    layers: manifest.layers.map(({ digest, size }: { digest: string; size: number }) => ({
      path: blob(digest),
      bytes: size,
    })),
    commitLayers: rootfs.diff_ids.indexOf(config.Labels?.['ostree.final-diffid']) + 1,
    start: {
      entrypoint: config.Entrypoint ?? [],
      environment: Object.fromEntries(variables(config.Env ?? [])),
    },
  };
}

function variables(environment: readonly string[]): [string, string][] {
  return environment.map((variable) => {
    const [name = '', ...value] = variable.split('=');
    return [name, value.join('=')];
  });
}

/** A mirror image that is unpacked, and how it starts, with its own Node and libraries. */
export type Mirror = {
  readonly root: string;
  readonly command: (...args: readonly string[]) => Command;
  readonly environment: Readonly<Record<string, string>>;
};

/** Builds and unpacks a mirror image in the new folder `folder`. */
export async function unpackMirror(folder: string, build: Build): Promise<Mirror> {
  const [layout, root] = [join(folder, 'image'), join(folder, 'root')];
  await mkdir(root, { recursive: true });
  await buildMirror(layout, 'gzip:1', build);
  const { layers, start } = await readImage(layout);
  for (const { path } of layers) await run(['tar', '-xzf', path, '-C', root]);
  const [loader = '', ...rest] = start.entrypoint.map((word) =>
    word.startsWith('/') ? join(root, word) : word,
  );
  return { root, command: (...args) => [loader, ...rest, ...args], environment: start.environment };
}
