/** What there is of an image once it is found: manifest and config, and where its blobs are read. */

import type { Digest } from '../model/descriptor.ts';
import { type ImageManifest, parseManifest } from '../model/manifest.ts';
import type { BlobSource, BlobStore } from './blob-store.ts';
import { findManifest } from './find-manifest.ts';
import type { Selection } from './select-manifest.ts';
import { readSmallBlob } from './verified-blob.ts';

export type FoundImage = {
  readonly source: BlobSource;
  /** Of the image in its place, whose manifest may be another than `manifestBytes`: one of Docker's. */
  readonly manifestDigest: Digest;
  readonly manifestBytes: Buffer;
  /** With the layers as they can be read. */
  readonly manifest: ImageManifest;
  readonly configBytes: Buffer;
  /** Ends all that is being read: it rejects with the reason. Files end by themselves and have none. */
  abort?(reason: Error): void;
  close(): Promise<void>;
};

/** Finds an image in a layout or archive; closing it closes the store. ERR_IMAGE_MISSING and its kin, ERR_BLOB_…. */
export async function findInStore(store: BlobStore, selection: Selection): Promise<FoundImage> {
  const descriptor = await findManifest(store, selection);
  const name = `manifest ${descriptor.digest}`;
  const manifestBytes = await readSmallBlob(store, descriptor, name);
  const manifest = parseManifest(manifestBytes, name);
  return {
    source: store,
    manifestDigest: descriptor.digest,
    manifestBytes,
    manifest,
    configBytes: await readSmallBlob(store, manifest.config, `config ${manifest.config.digest}`),
    close: () => store.close(),
  };
}
