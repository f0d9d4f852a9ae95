/** The files of an OCI image layout (OCI image specification, image-layout.md). */
import { canonicalJson } from './canonical-json.ts';
import { type Digest, digestHex } from './descriptor.ts';

export const INDEX_FILE = 'index.json';
export const LAYOUT_FILE = 'oci-layout';
export const BLOB_DIRECTORY = 'blobs/sha256';
export const LAYOUT_MARKER = canonicalJson({ imageLayoutVersion: '1.0.0' });

/** The path of a blob inside a layout. */
export function blobPath(digest: Digest): string {
  return `${BLOB_DIRECTORY}/${digestHex(digest)}`;
}
