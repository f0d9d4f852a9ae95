/**
 * Opens an image as a snapshot: reads the layers of its published repo, which are small, and with them its
 * refs, its commits and the list of its objects. Nothing else is read, unless it is a mirror image, which has
 * no such lists (mirror-contents.ts). Of a mirror image that a container build sealed, all layers that the
 * build made are read.
 */
import { TreeportError } from '../base/errors.ts';
import { decodeObjectList, type ObjectLayer } from '../mirror/carried/object-list.ts';
import { OBJECT_LIST, SNAPSHOT_DESCRIPTION } from '../mirror/layout.ts';
import type { Descriptor } from '../oci/model/descriptor.ts';
import { formatImageReference } from '../oci/model/reference.ts';
import type { OpenedImage } from '../oci/read/opened-image.ts';
import { type Description, decodeDescription } from './description.ts';
import { readMirrorContents } from './mirror-contents.ts';
import { publishedFiles } from './published-files.ts';
import { parseSnapshotRefs, type SnapshotRefs } from './snapshot-refs.ts';

export type Snapshot = {
  readonly image: OpenedImage;
  /** For messages. */
  readonly name: string;
  readonly refs: SnapshotRefs;
  readonly description: Description;
  /** In the order of the image. */
  readonly layers: readonly ObjectLayer[];
  /** Files of the published repo without objects and catalogue, by their paths in it. */
  readonly files: ReadonlyMap<string, Buffer>;
};

/** ERR_SNAPSHOT if it is none; the errors of the image's blobs. */
export async function openSnapshot(image: OpenedImage): Promise<Snapshot> {
  const name = formatImageReference(image.reference);
  const files = await publishedFiles(image, name);
  const refs = parseSnapshotRefs(files, name);
  if (!files.has(SNAPSHOT_DESCRIPTION) && files.has('config'))
    return { image, name, refs, files, ...(await readMirrorContents(image)) };
  const file = (path: string): Buffer => {
    const bytes = files.get(path);
    if (bytes !== undefined) return bytes;
    throw new TreeportError('ERR_SNAPSHOT', `${name} is no snapshot: its layers have no file ${path}`);
  };
  return {
    image,
    name,
    refs,
    description: decodeDescription(file(SNAPSHOT_DESCRIPTION), `${SNAPSHOT_DESCRIPTION} of ${name}`),
    layers: decodeObjectList(file(OBJECT_LIST), `${OBJECT_LIST} of ${name}`),
    files,
  };
}

/** The layer in the image; ERR_SNAPSHOT. */
export function layerDescriptor(
  { manifest, reference }: OpenedImage,
  { digest }: Pick<ObjectLayer, 'digest'>,
): Descriptor {
  const found = manifest.layers.find((layer) => layer.digest === digest);
  if (found !== undefined) return found;
  throw new TreeportError(
    'ERR_SNAPSHOT',
    `${formatImageReference(reference)} lacks the layer ${digest} that it lists objects of`,
  );
}
