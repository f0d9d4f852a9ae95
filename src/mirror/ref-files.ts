/** The refs of a published repo, as data and as the files that they are. */
import { compareBytes } from '../base/bytes.ts';
import { TreeportError } from '../base/errors.ts';
import type { Refs } from '../ostree/refs.ts';
import { fileFromBytes, type LayerFile } from './layer.ts';
import { PUBLISHED_REPO } from './layout.ts';
import type { Publication, PublishedRef } from './published-refs.ts';

/** The local refs. */
export function publishedHeads({ refs }: Publication): Refs {
  return sorted(refs);
}

/** The refs of collections: collection id to refs. */
export function publishedMirrors({ refs }: Publication): ReadonlyMap<string, Refs> {
  const ids = new Set(refs.flatMap(({ collection }) => collection ?? []));
  const ofCollection = (id: string) => sorted(refs.filter(({ collection }) => collection === id));
  return new Map([...ids].toSorted(compareBytes).map((id) => [id, ofCollection(id)]));
}

function sorted(refs: readonly PublishedRef[]): Refs {
  const names = refs.map(({ name, commit }) => [name, commit] as const);
  return new Map(names.toSorted(([a], [b]) => compareBytes(a, b)));
}

/** Paths in the repo, and what the files hold. ERR_REF_CONFLICT if a ref would be a file and a directory. */
export function* refFiles(publication: Publication): Generator<readonly [string, Buffer]> {
  const heads = publishedHeads(publication);
  checkPaths(heads);
  for (const [name, commit] of heads) yield [`refs/heads/${name}`, Buffer.from(`${commit}\n`)];
  for (const [id, refs] of publishedMirrors(publication))
    for (const [name, commit] of refs) yield [`refs/mirrors/${id}/${name}`, Buffer.from(`${commit}\n`)];
}

/** The refs as files of a layer. */
export function refLayerFiles(publication: Publication): readonly LayerFile[] {
  return Array.from(refFiles(publication), ([path, bytes]) =>
    fileFromBytes(`${PUBLISHED_REPO}/${path}`, bytes),
  );
}

/** Refs of one directory are files there; those of several sources may not fit together. */
function checkPaths(heads: Refs): void {
  for (const name of heads.keys()) {
    for (let end = name.lastIndexOf('/'); end > 0; end = name.lastIndexOf('/', end - 1)) {
      const above = name.slice(0, end);
      if (!heads.has(above)) continue;
      const why = `${above} would be a file and a directory; leave one of them out`;
      throw new TreeportError(
        'ERR_REF_CONFLICT',
        `cannot publish the refs ${above} and ${name} together: ${why}`,
      );
    }
  }
}
