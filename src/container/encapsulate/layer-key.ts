/**
 * The key of a layer: a digest of everything that its bytes depend on, known before it is written. Layers
 * with equal keys are equal bytes: the same objects at the same paths, in the same format, compressed alike
 * by the same version of treeport and of the compressor.
 */
import { createHash, type Hash } from 'node:crypto';
import { VERSION } from '../../base/version.ts';
import type { Compression } from '../../oci/write/compression.ts';
import { encoderVersion } from '../../oci/write/formats.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import type { ChunkContent } from '../../tar/chunk.ts';
import type { DirectoryOwners } from '../../tar/directory-owners.ts';
import { containerPath } from '../../tar/layout.ts';

/** 64 hexadecimal digits. */
export type LayerKey = string;

export type LayerKeyOptions = {
  readonly compression: Compression;
  /** Format 2. */
  readonly directories: DirectoryOwners | undefined;
};

/** The key of a component layer. */
export function componentLayerKey(chunk: ChunkContent, options: LayerKeyOptions): LayerKey {
  return addContent(startKey('component', options), chunk, options).digest('hex');
}

/** The key of the ostree layer, which has the commit's metadata as well. */
export async function ostreeLayerKey(
  source: ObjectSource,
  commit: Checksum,
  remainder: ChunkContent,
  options: LayerKeyOptions,
): Promise<LayerKey> {
  const hash = startKey('ostree', options).update(await commitLines(source, commit));
  return addContent(hash, remainder, options).digest('hex');
}

export type PlanKeyOptions = {
  readonly compression: Compression;
  /** Undefined if it depends on the plan. */
  readonly format: number | undefined;
  /** What the plan depends on, besides the commit. */
  readonly basis: string;
};

/** The key of a plan: a digest of everything that the plan and the keys of its layers depend on. */
export async function planKey(
  source: ObjectSource,
  commit: Checksum,
  { compression, format, basis }: PlanKeyOptions,
): Promise<string> {
  const lines = `${await commitLines(source, commit)}${basis}\n`;
  return startHash(`plan format ${format}`, compression).update(lines).digest('hex');
}

/** The commit and its detached metadata. */
async function commitLines(source: ObjectSource, commit: Checksum): Promise<string> {
  if (!(await source.has({ type: 'commitmeta', checksum: commit }))) return `commit ${commit}\n`;
  const detached = createHash('sha256').update(await source.metadata('commitmeta', commit));
  return `commit ${commit}\ncommitmeta ${detached.digest('hex')}\n`;
}

function startKey(kind: string, { compression, directories }: LayerKeyOptions): Hash {
  return startHash(`${kind} format ${directories === undefined ? 1 : 2}`, compression);
}

function startHash(what: string, { algorithm, level }: Compression): Hash {
  return createHash('sha256').update(
    `treeport ${VERSION}\n${what}\n${algorithm} ${level} ${encoderVersion(algorithm)}\n`,
  );
}

/** Names end with NUL, which no path has. */
function addContent(hash: Hash, { objects }: ChunkContent, { directories }: LayerKeyOptions): Hash {
  const parents = new Set<string>();
  for (const checksum of [...objects.keys()].sort()) {
    const paths = objects.get(checksum) ?? [];
    hash.update(`${checksum} ${paths.map((path) => `${path}\0`).join('')}\n`);
    if (directories !== undefined)
      for (const path of paths) addParents(containerPath(path.slice(1)), parents);
  }
  for (const parent of [...parents].sort()) {
    const owner = directories?.get(parent);
    if (owner !== undefined) hash.update(`${owner.uid} ${owner.gid} ${owner.mode} ${parent}\0\n`);
  }
  return hash;
}

function addParents(path: string, parents: Set<string>): void {
  for (let end = path.lastIndexOf('/'); end !== -1; end = path.lastIndexOf('/', end - 1)) {
    const parent = path.slice(0, end);
    if (parents.has(parent)) return;
    parents.add(parent);
    if (end === 0) return;
  }
}
