/**
 * Writes an image as an OCI layout directory, `oci:DIR[:TAG]`.
 *
 * A new directory is built beside its final name and renamed at the end. In an existing layout, blobs are
 * added one by one (temporary name, then rename) and `index.json` is replaced last, so that the layout is
 * valid at any moment. An empty directory is treated as a layout without images.
 */
import { existsSync } from 'node:fs';
import { link, lstat, mkdir, rename, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { writeError } from '../../base/atomic-file.ts';
import { onEarlyExit } from '../../base/cleanup.ts';
import { Temporary } from '../../base/temporary.ts';
import { canonicalJson } from '../model/canonical-json.ts';
import type { Descriptor, Digest, Platform } from '../model/descriptor.ts';
import {
  BLOB_DIRECTORY,
  blobPath,
  INDEX_FILE,
  indexEntry,
  LAYOUT_FILE,
  LAYOUT_MARKER,
  withEntry,
} from '../model/image-layout.ts';
import type { LayoutLocation } from '../model/reference.ts';
import type { BlobWriter, ImageSink } from './image-sink.ts';
import { blobDigest, isOwn, replaceFile, syncDirectory } from './layout-files.ts';
import { inspectLayoutTarget, LayoutAdditions, type LayoutTarget, readLayoutIndex } from './layout-target.ts';
import { OutputFile } from './output-file.ts';

/** Starts an image in the layout directory. ERR_IMAGE_TARGET if the target exists and is not a layout. */
export async function createLayoutSink(location: LayoutLocation): Promise<ImageSink> {
  const target = await inspectLayoutTarget(resolve(location.path));
  let sink: LayoutSink | undefined;
  try {
    const temporary = target.exists ? undefined : await Temporary.create(target.path, 'directory', 0o777);
    sink = new LayoutSink(target, temporary, location.tag);
    await sink.prepare();
    return sink;
  } catch (error) {
    await sink?.abort();
    throw writeError(error, target.path);
  }
}

class LayoutSink implements ImageSink {
  readonly #target: LayoutTarget;
  /** The new layout, if the target does not exist. */
  readonly #temporary: Temporary | undefined;
  /** Where files are written: the final path or the temporary one. */
  readonly #root: string;
  readonly #tag: string | undefined;
  readonly #additions: LayoutAdditions;
  readonly #unregister: () => void;

  constructor(target: LayoutTarget, temporary: Temporary | undefined, tag: string | undefined) {
    this.#target = target;
    this.#temporary = temporary;
    this.#root = temporary?.path ?? target.path;
    this.#tag = tag;
    this.#additions = new LayoutAdditions(this.#root);
    this.#unregister = onEarlyExit(() => this.#additions.discard());
  }

  async prepare(): Promise<void> {
    const { exists, isLayout } = this.#target;
    if (exists && !isLayout) {
      for (const name of [LAYOUT_FILE, 'blobs']) this.#additions.add(join(this.#root, name));
    }
    await mkdir(join(this.#root, BLOB_DIRECTORY), { recursive: true });
    if (!isLayout) await replaceFile(this.#root, LAYOUT_FILE, LAYOUT_MARKER, this.#target.path);
  }

  /** Reads the file, because a layout that others wrote may be damaged. */
  async has({ digest, size }: Descriptor): Promise<boolean> {
    const path = join(this.#root, blobPath(digest));
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() !== true || found.size !== size) return false;
    return (await blobDigest(path)) === digest;
  }

  async openBlob(): Promise<BlobWriter> {
    let temporary: Temporary | undefined;
    try {
      temporary = await Temporary.create(join(this.#root, BLOB_DIRECTORY, 'blob'), 'file', 0o644);
      const file = await OutputFile.open(temporary.path, this.#target.path);
      return new LayoutBlob(file, temporary, (digest) => this.#pathOf(digest));
    } catch (error) {
      await temporary?.remove();
      throw writeError(error, this.#target.path);
    }
  }

  async linkBlob(file: string, { digest, size }: Descriptor): Promise<boolean> {
    const place = join(this.#root, BLOB_DIRECTORY, 'blob');
    let folder: Temporary | undefined;
    try {
      folder = await Temporary.create(place, 'directory', 0o700);
      const linked = join(folder.path, 'blob');
      await link(file, linked);
      // Of the link, because the file may be replaced.
      const isIntact = isOwn(await lstat(linked), size) && (await blobDigest(linked)) === digest;
      if (isIntact) await rename(linked, this.#pathOf(digest));
      return isIntact;
    } catch {
      return false;
    } finally {
      await folder?.remove();
    }
  }

  async finish(manifest: Descriptor, platform: Platform | undefined): Promise<void> {
    const { path } = this.#target;
    try {
      await syncDirectory(join(this.#root, BLOB_DIRECTORY));
      const index = withEntry(await readLayoutIndex(this.#root), indexEntry(manifest, platform, this.#tag));
      await replaceFile(this.#root, INDEX_FILE, canonicalJson(index), path);
      await syncDirectory(this.#root);
      await this.#temporary?.rename(path);
      this.#unregister();
      await syncDirectory(dirname(join(path, INDEX_FILE)));
    } catch (error) {
      throw writeError(error, path);
    }
  }

  async abort(): Promise<void> {
    this.#additions.discard();
    this.#unregister();
    await this.#temporary?.remove();
  }

  #pathOf(digest: Digest): string {
    const path = join(this.#root, blobPath(digest));
    if (!existsSync(path)) this.#additions.add(path);
    return path;
  }
}

class LayoutBlob implements BlobWriter {
  readonly #file: OutputFile;
  readonly #temporary: Temporary;
  readonly #pathOf: (digest: Digest) => string;

  constructor(file: OutputFile, temporary: Temporary, pathOf: (digest: Digest) => string) {
    this.#file = file;
    this.#temporary = temporary;
    this.#pathOf = pathOf;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#file.append(bytes);
  }

  async commit(digest: Digest): Promise<void> {
    await this.#file.finish();
    const path = this.#pathOf(digest);
    try {
      await this.#temporary.rename(path);
    } catch (error) {
      throw writeError(error, path);
    }
  }

  async abort(): Promise<void> {
    await this.#file.close();
    await this.#temporary.remove();
  }
}
