/**
 * An image sink: where an image is written. Atomic: the image appears under its final name only on `finish`,
 * and `abort` removes everything that was written; the caller must call one of the two. Equal blobs are kept
 * once.
 */
import { type Descriptor, type Digest, digestOf, type Platform } from '../model/descriptor.ts';
import type { OpenedImage } from '../read/opened-image.ts';

/** A blob while it is being written. */
export type BlobWriter = {
  /** Appends. The caller may reuse `bytes` once this resolves; calls must not overlap. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends the blob and names it. The caller has computed the digest of everything that was written. */
  commit(digest: Digest): Promise<void>;
  /** Discards the blob; must be called when `write` or `commit` has failed. Never fails. */
  abort(): Promise<void>;
};

export type ImageSink = {
  /** True if the sink has this blob, intact, so that it need not be written again. */
  has(blob: Descriptor): Promise<boolean>;
  /** Starts a blob. An archive takes one blob at a time: there this waits until the open one has ended. */
  openBlob(): Promise<BlobWriter>;
  /**
   * Takes a file for this blob by a hard link, so that nothing is copied. False if it cannot be linked, is
   * not this user's alone to change, or does not have the blob's bytes. Absent where blobs are not files.
   */
  linkBlob?(file: string, blob: Descriptor): Promise<boolean>;
  /**
   * Makes the manifest, a blob that was already written, the image of this sink; for an image index without a
   * platform.
   */
  finish(manifest: Descriptor, platform: Platform | undefined): Promise<void>;
  /** Discards what was written, unless the image is finished. */
  abort(): Promise<void>;
};

/** Receives the bytes read for an image since the last call, and the total if it is known. */
export type OnImageBytes = (bytes: number, total?: number) => void;

/** Writes a small blob from memory. */
export async function putBlob(sink: ImageSink, bytes: Uint8Array, mediaType: string): Promise<Descriptor> {
  const digest = digestOf(bytes);
  await writeBlob(sink, digest, (blob) => blob.write(bytes));
  return { mediaType, digest, size: bytes.length };
}

/**
 * Copies a blob of an image byte for byte, verified, unless the sink has it. `onProgress` receives the number
 * of bytes since the last call.
 */
export async function copyBlob(
  image: OpenedImage,
  descriptor: Descriptor,
  sink: ImageSink,
  onProgress?: (bytes: number) => void,
): Promise<void> {
  if (await sink.has(descriptor)) {
    onProgress?.(descriptor.size);
    return;
  }
  await writeBlob(sink, descriptor.digest, async (blob) => {
    for await (const piece of image.blob(descriptor)) {
      await blob.write(piece);
      onProgress?.(piece.length);
    }
  });
}

async function writeBlob(
  sink: ImageSink,
  digest: Digest,
  write: (blob: BlobWriter) => Promise<void>,
): Promise<void> {
  const blob = await sink.openBlob();
  try {
    await write(blob);
    await blob.commit(digest);
  } catch (error) {
    await blob.abort();
    throw error;
  }
}
