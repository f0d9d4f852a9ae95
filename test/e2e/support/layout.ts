/** OCI layout directories as they lie on the disk, read without the product's own code. */
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { must } from './run.ts';

type Descriptor = {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
};

export type Manifest = {
  readonly schemaVersion: number;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
};

export type ImageConfig = {
  readonly architecture: string;
  readonly os: string;
  readonly created: string;
  readonly config: {
    readonly Cmd?: readonly string[];
    readonly Entrypoint?: readonly string[];
    readonly Env?: readonly string[];
    readonly ExposedPorts?: Readonly<Record<string, object>>;
    readonly Labels?: Readonly<Record<string, string>>;
    readonly StopSignal?: string;
    readonly User?: string;
  };
  readonly rootfs: { readonly diff_ids: readonly string[] };
  readonly history: readonly { readonly created_by?: string }[];
};

export type Layer = Descriptor & { readonly diffId: string; readonly path: string };

export type LayoutImage = {
  readonly digest: string;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  readonly layers: readonly Layer[];
};

/** The only image of a layout directory. */
export function readLayout(directory: string): LayoutImage {
  const json = (path: string) => JSON.parse(readFileSync(join(directory, path), 'utf8'));
  const blob = (digest: string) => `blobs/${digest.replace(':', '/')}`;
  const { manifests } = json('index.json') as { manifests: Descriptor[] };
  const [entry] = manifests;
  if (entry === undefined || manifests.length > 1)
    throw new Error(`${manifests.length} images in ${directory}`);
  const manifest = json(blob(entry.digest)) as Manifest;
  const config = json(blob(manifest.config.digest)) as ImageConfig;
  const layers = manifest.layers.map((layer, index) => ({
    ...layer,
    diffId: config.rootfs.diff_ids[index] ?? 'none',
    path: join(directory, blob(layer.digest)),
  }));
  return { digest: entry.digest, manifest, config, layers };
}

/** Unpacks layers, one over the other, with GNU tar; as root it keeps owners, modes and attributes. */
export async function unpack(layers: readonly Layer[], folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { path } of layers) {
    await must([
      'tar',
      '--extract',
      `--file=${path}`,
      `--directory=${folder}`,
      '--numeric-owner',
      '--same-owner',
      '--preserve-permissions',
      '--xattrs',
      '--xattrs-include=*',
    ]);
  }
}

export async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
