/**
 * The runtime layer of a mirror image: assembled from local files, or copied unchanged from a runtime image,
 * for another architecture or so that many mirrors share one layer.
 */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { compareBytes } from '../../base/bytes.ts';
import { TreeportError } from '../../base/errors.ts';
import type { ImageLayer } from '../../container/encapsulate/image-draft.ts';
import type { Digest } from '../../oci/model/descriptor.ts';
import type { Compression } from '../../oci/write/compression.ts';
import type { ImageSink } from '../../oci/write/image-sink.ts';
import { writeLayer } from '../../oci/write/layer-writer.ts';
import { type LayerFile, layerFilesFrom, layerTar, layerTarBytes } from '../layer.ts';
import { FORMER_HOME, MIRROR_HOME, PUBLISHED_REPO, RUNTIME_NODE } from '../layout.ts';
import { elfArchitecture, readElf } from './elf.ts';
import { localRuntime } from './local-runtime.ts';
import { rememberDiffId, rememberedDiffId } from './remembered-diff-id.ts';

export type RuntimeLayerOptions = {
  readonly compression: Compression;
  /** Time of the history entry, RFC 3339. */
  readonly created: string;
  readonly onProgress?: (bytes: number) => void;
};

export type Runtime = {
  /** As Go names it. */
  readonly architecture: string;
  /** What `putLayer` reports in all. */
  readonly bytes: number;
  /** The layer's diff-id, which takes a fraction of the time of writing it. */
  diffId(): Promise<Digest>;
  /** Writes the layer into a sink. */
  putLayer(sink: ImageSink, options: RuntimeLayerOptions): Promise<ImageLayer>;
  /** Must be called when the runtime is no longer needed. */
  close(): Promise<void>;
};

/** The runtime of this machine's own files. */
export async function installedRuntime(architecture: string): Promise<Runtime> {
  const runtime = await localRuntime(architecture);
  return fromFiles(
    runtime.architecture,
    runtime.files,
    `treeport runtime with Node.js ${runtime.nodeVersion}`,
  );
}

/**
 * A runtime in a directory: the root of an unpacked runtime image, or the mirror's home in it. ERR_RUNTIME.
 */
export async function runtimeInDirectory(directory: string): Promise<Runtime> {
  const inner = join(directory, MIRROR_HOME);
  const root = (await isDirectory(inner)) ? inner : resolve(directory);
  if (root.endsWith(`/${FORMER_HOME}`) || (await isDirectory(join(root, FORMER_HOME)))) {
    throw formerRuntime(directory);
  }
  const architecture = elfArchitecture(readElf(join(root, RUNTIME_NODE)));
  const files = layerFilesFrom(root, '.').map((file) => ({
    ...file,
    path: file.path.slice('./'.length),
  }));
  const ofRuntime = files.filter(({ path }) => !path.startsWith(`${PUBLISHED_REPO}/`));
  return fromFiles(architecture, ofRuntime, 'treeport runtime');
}

/** The server of such a runtime expects the embedded repo at another path. */
export function formerRuntime(name: string): TreeportError {
  return new TreeportError(
    'ERR_RUNTIME',
    `the runtime ${name} was made by an earlier release for /${FORMER_HOME}; make it again with \`treeport mirror runtime\``,
  );
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

function fromFiles(architecture: string, files: readonly LayerFile[], createdBy: string): Runtime {
  const sorted = files.toSorted((a, b) => compareBytes(a.path, b.path));
  const runtime = { architecture, files: sorted };
  return {
    architecture,
    bytes: layerTarBytes(sorted),
    async diffId() {
      const known = await rememberedDiffId(runtime);
      return known ?? (await rememberDiffId(runtime, () => hashLayer(sorted))).diffId;
    },
    async putLayer(sink, { compression, created, onProgress }) {
      const progress = onProgress === undefined ? {} : { onProgress };
      const write = () => writeLayer(sink, layerTar(sorted), { compression, ...progress });
      const { descriptor, diffId } = await rememberDiffId(runtime, write);
      return { descriptor, diffId, history: { created, created_by: createdBy } };
    },
    close: async () => {},
  };
}

async function hashLayer(files: readonly LayerFile[]): Promise<{ readonly diffId: Digest }> {
  const hash = createHash('sha256');
  for await (const piece of layerTar(files)) hash.update(piece);
  return { diffId: `sha256:${hash.digest('hex')}` };
}

/** Opens the runtime for an architecture (Go's name). */
export type RuntimeFor = (architecture: string) => Promise<Runtime>;

/** Runs `work` with the runtime and closes it; ERR_RUNTIME if it is for another architecture. */
export async function withRuntime<T>(
  runtimeFor: RuntimeFor,
  architecture: string,
  work: (runtime: Runtime) => Promise<T>,
): Promise<T> {
  const runtime = await runtimeFor(architecture);
  try {
    checkArchitecture(runtime, architecture);
    return await work(runtime);
  } finally {
    await runtime.close();
  }
}

function checkArchitecture(runtime: Runtime, architecture: string): void {
  if (runtime.architecture === architecture) return;
  throw new TreeportError(
    'ERR_RUNTIME',
    `the image is for ${architecture} and the runtime for ${runtime.architecture}; pass a runtime for ${architecture} with --runtime`,
  );
}
