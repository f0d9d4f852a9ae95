/**
 * Writes an image as an OCI layout directory, `oci:DIR[:TAG]`.
 *
 * A new directory is built beside its final name and renamed at the end. Into a layout that exists, blobs are put one
 * by one (temporary name, then rename) and `index.json` is replaced last, so that it has the old images until it has the
 * new one as well. An empty directory is treated as a layout without images.
 */
import { existsSync, rmSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { temporaryName, writeError } from '../base/atomic-file.ts';
import { onEarlyExit } from '../base/cleanup.ts';
import { canonicalJson } from './canonical-json.ts';
import type { Descriptor, Digest, Platform } from './descriptor.ts';
import type { BlobWriter, ImageSink } from './image-sink.ts';
import { indexEntry, withEntry } from './index-json.ts';
import { BLOB_DIRECTORY, blobPath, INDEX_FILE, LAYOUT_FILE, LAYOUT_MARKER } from './layout-files.ts';
import { inspectLayoutTarget, LayoutAdditions, type LayoutTarget, readLayoutIndex } from './layout-target.ts';
import { OutputFile } from './output-file.ts';
import type { LayoutLocation } from './reference.ts';

/** Starts an image in the layout directory. Throws ERR_IMAGE_TARGET if something else is there. */
export async function createLayoutSink(location: LayoutLocation): Promise<ImageSink> {
  const target = await inspectLayoutTarget(resolve(location.path));
  const sink = new LayoutSink(target, location.tag);
  try {
    await sink.prepare();
  } catch (error) {
    await sink.abort();
    throw writeError(error, target.path);
  }
  return sink;
}

class LayoutSink implements ImageSink {
  readonly #target: LayoutTarget;
  readonly #tag: string | undefined;
  readonly #additions: LayoutAdditions;
  readonly #unregister: () => void;

  constructor(target: LayoutTarget, tag: string | undefined) {
    this.#target = target;
    this.#tag = tag;
    this.#additions = new LayoutAdditions(target.root);
    this.#unregister = onEarlyExit(() => this.#additions.discard());
  }

  async prepare(): Promise<void> {
    const { root, path, isLayout } = this.#target;
    if (!isLayout) {
      if (root === path) for (const name of [LAYOUT_FILE, 'blobs']) this.#additions.add(join(root, name));
      else this.#additions.add(root);
    }
    if (root !== path) await mkdir(root);
    await mkdir(join(root, BLOB_DIRECTORY), { recursive: true });
    if (!isLayout) await replaceFile(this.#target, LAYOUT_FILE, LAYOUT_MARKER);
  }

  async openBlob(): Promise<BlobWriter> {
    const temporary = temporaryName(join(this.#target.root, BLOB_DIRECTORY, 'blob'));
    const unregister = onEarlyExit(() => rmSync(temporary, { force: true }));
    try {
      const file = await OutputFile.create(temporary, this.#target.path);
      return new LayoutBlob(file, temporary, unregister, (digest) => this.#name(temporary, digest));
    } catch (error) {
      unregister();
      throw error;
    }
  }

  async finish(manifest: Descriptor, platform: Platform): Promise<void> {
    const { root, path } = this.#target;
    try {
      await syncDirectory(join(root, BLOB_DIRECTORY));
      const index = withEntry(await readLayoutIndex(root), indexEntry(manifest, platform, this.#tag));
      await replaceFile(this.#target, INDEX_FILE, canonicalJson(index));
      if (root !== path) {
        await syncDirectory(root);
        await rename(root, path);
      }
      this.#unregister();
      await syncDirectory(dirname(join(path, INDEX_FILE)));
    } catch (error) {
      throw writeError(error, path);
    }
  }

  async abort(): Promise<void> {
    this.#additions.discard();
    this.#unregister();
  }

  async #name(temporary: string, digest: Digest): Promise<void> {
    const path = join(this.#target.root, blobPath(digest));
    if (!existsSync(path)) this.#additions.add(path);
    try {
      await rename(temporary, path);
    } catch (error) {
      throw writeError(error, this.#target.path);
    }
  }
}

class LayoutBlob implements BlobWriter {
  readonly #file: OutputFile;
  readonly #temporary: string;
  readonly #unregister: () => void;
  readonly #name: (digest: Digest) => Promise<void>;

  constructor(
    file: OutputFile,
    temporary: string,
    unregister: () => void,
    name: (digest: Digest) => Promise<void>,
  ) {
    this.#file = file;
    this.#temporary = temporary;
    this.#unregister = unregister;
    this.#name = name;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#file.append(bytes);
  }

  async commit(digest: Digest): Promise<void> {
    await this.#file.finish();
    await this.#name(digest);
    this.#unregister();
  }

  async abort(): Promise<void> {
    await this.#file.close();
    await rm(this.#temporary, { force: true });
    this.#unregister();
  }
}

/** Puts a file in place at once, its bytes on the disk before its name. */
async function replaceFile(target: LayoutTarget, name: string, bytes: Uint8Array): Promise<void> {
  const temporary = temporaryName(join(target.root, name));
  const unregister = onEarlyExit(() => rmSync(temporary, { force: true }));
  try {
    const file = await OutputFile.create(temporary, target.path);
    await file.append(bytes).finally(() => file.finish());
    await rename(temporary, join(target.root, name));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    unregister();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
