/**
 * Where an image is written. Nothing is visible under the final name before `finish`, and `abort` removes
 * everything again; one of the two must be called. Blobs may be repeated: equal ones are kept once.
 */
import type { Descriptor, Digest, Platform } from '../model/descriptor.ts';
import { digestOf } from '../model/descriptor.ts';

/** One blob on its way into a sink. */
export type BlobWriter = {
  /** Appends. The bytes may be reused once this resolves; calls must not overlap. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends the blob and gives it its name. The caller has computed the digest of all that was written. */
  commit(digest: Digest): Promise<void>;
  /** Drops what was written; to be called when `write` or `commit` failed. Never fails. */
  abort(): Promise<void>;
};

export type ImageSink = {
  /** Starts a blob. An archive takes one after the other: there this waits until the open one has ended. */
  openBlob(): Promise<BlobWriter>;
  /** Makes the manifest (a blob already written) the image of this sink. */
  finish(manifest: Descriptor, platform: Platform): Promise<void>;
  abort(): Promise<void>;
};

/** Writes a small blob that is in memory. */
export async function putBlob(sink: ImageSink, bytes: Uint8Array, mediaType: string): Promise<Descriptor> {
  const digest = digestOf(bytes);
  const blob = await sink.openBlob();
  try {
    await blob.write(bytes);
    await blob.commit(digest);
  } catch (error) {
    await blob.abort();
    throw error;
  }
  return { mediaType, digest, size: bytes.length };
}
