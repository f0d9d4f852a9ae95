/** Writes the published repo of a snapshot, without the objects that are in layers of their own. */
import { posix } from 'node:path';
import type { Warn } from '../base/errors.ts';
import type { ImageDraft } from '../container/encapsulate/image-draft.ts';
import { encodeObjectList } from '../mirror/carried/object-list.ts';
import { fileFromBytes, type LayerFile } from '../mirror/layer.ts';
import { OBJECT_LIST, PUBLISHED_REPO, SNAPSHOT_DESCRIPTION, WHITEOUT } from '../mirror/layout.ts';
import { withBaker } from '../mirror/packs/baker.ts';
import type { Publication } from '../mirror/published-refs.ts';
import {
  addDetachedMetadata,
  catalogueContent,
  createPublishedRepo,
  finishPublishedRepo,
} from '../mirror/published-repo.ts';
import { refLayerFiles } from '../mirror/ref-files.ts';
import { dictString } from '../ostree/metadata-dict.ts';
import { archivePath, type ObjectName } from '../ostree/object-name.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { loadCommit } from '../ostree/revision.ts';
import type { CarriedLayers } from './carried-layers.ts';
import { encodeDescription, type SnapshotCommit } from './description.ts';
import type { EmbeddedObjects } from './embedded-objects.ts';
import type { Snapshot } from './open.ts';

export type SnapshotRepoOptions = {
  readonly publication: Publication;
  readonly embedded: EmbeddedObjects;
  readonly carried: CarriedLayers;
  readonly draft: ImageDraft;
  readonly previous: Snapshot | undefined;
  readonly warn: Warn;
};

/**
 * Returns the files of the repo that need not be written to be read once: its refs, whiteouts and lists. Of
 * 1,000 refs they would be in 3,000 directories.
 */
export async function writeSnapshotRepo(
  repo: Repository,
  path: string,
  { publication, embedded, carried, draft, previous, warn }: SnapshotRepoOptions,
): Promise<readonly LayerFile[]> {
  const { objects } = repo;
  const archive = await createPublishedRepo(path);
  // Objects are not baked: each is in a snapshot once.
  await withBaker(path, 'none', (baker) =>
    catalogueContent(archive, embedded.content(objects), { verify: false, baker }),
  );
  const others = publication.commits.filter((commit) => commit !== embedded.commit);
  await addDetachedMetadata(archive, objects, others);
  const former = previous && ((file: string) => previous.files.get(file));
  await finishPublishedRepo(archive, { publication, objects, origin: repo, former, warn });
  const list = encodeObjectList([...embedded.list(draft.layers), ...carried.listed]);
  const commits = await describedCommits(repo, publication);
  const description = encodeDescription({ main: embedded.commit, commits });
  return [
    ...refLayerFiles(publication),
    ...carried.hidden.map(whiteout),
    fileFromBytes(`${PUBLISHED_REPO}/${OBJECT_LIST}`, list),
    fileFromBytes(`${PUBLISHED_REPO}/${SNAPSHOT_DESCRIPTION}`, description),
  ];
}

function whiteout(name: ObjectName): LayerFile {
  const { dir, base } = posix.parse(archivePath(name));
  return fileFromBytes(`${PUBLISHED_REPO}/${dir}/${WHITEOUT}${base}`, Buffer.alloc(0));
}

async function describedCommits(
  repo: Repository,
  { commits }: Publication,
): Promise<readonly SnapshotCommit[]> {
  const described: SnapshotCommit[] = [];
  for (const checksum of commits) {
    const { parent, timestamp, metadata } = await loadCommit(repo, checksum);
    described.push({ checksum, parent, timestamp, version: dictString(metadata, 'version') });
  }
  return described;
}
