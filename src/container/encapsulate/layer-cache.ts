/**
 * Layers kept from build to build, in a directory that several builds may share:
 *
 * | name | what it is |
 * |---|---|
 * | `treeport-layer-cache` | the marker; without it the directory must be empty |
 * | `<key>.layer` | the blob of the layer with this key (layer-key.ts) |
 * | `<key>.json` | its descriptor and diff-id; appears after the blob |
 * | `<key>.plan` | the plan of an image with this key (kept-plan.ts); appears after its layers |
 *
 * Files appear by rename, and a blob is used only if its bytes have the digest, so neither a killed build nor
 * a damaged disk harms an image: the layer is built again. Images in layouts on the same disk share the
 * blobs' files, which are never changed. Layers that no build has used for a month are removed.
 * docs/decisions/0118-layer-cache.md
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { isTreeportError, messageOf, type Warn } from '../../base/errors.ts';
import { Temporary } from '../../base/temporary.ts';
import { canonicalJson } from '../../oci/model/canonical-json.ts';
import { checkDescriptor, type Descriptor, parseDigest } from '../../oci/model/descriptor.ts';
import { type Json, jsonObject, jsonString, parseJson } from '../../oci/model/json.ts';
import type { ImageSink } from '../../oci/write/image-sink.ts';
import type { WrittenLayer } from '../../oci/write/layer-writer.ts';
import { OutputFile } from '../../oci/write/output-file.ts';
import { type KeptPlan, readKeptPlan, writeKeptPlan } from './kept-plan.ts';
import { prepareLayerCache, renewUse } from './layer-cache-directory.ts';
import type { LayerKey } from './layer-key.ts';

/** A layer that was written before. */
export type KnownLayer = Pick<WrittenLayer, 'descriptor' | 'diffId'>;

/** A place with layers of former images. */
export type LayerSource = {
  /** Whether there is a layer of this key, which may be damaged. */
  mayHave(key: LayerKey): boolean;
  /** Puts the layer of this key into the sink; undefined if it is not here, whole and intact. */
  take(key: LayerKey, sink: ImageSink): Promise<KnownLayer | undefined>;
};

const PIECE_BYTES = 256 * 1024;

/** What cannot be kept is reported by `warn`, and the build goes on without. */
export class LayerCache implements LayerSource {
  readonly #directory: string;
  readonly #warn: Warn;
  /** After the first failure to write nothing more is kept. */
  #isFull = false;

  private constructor(directory: string, warn: Warn) {
    this.#directory = directory;
    this.#warn = warn;
  }

  /** Creates the directory if there is none; ERR_CACHE_DIR if it holds anything else. */
  static async open(path: string, warn: Warn): Promise<LayerCache> {
    return new LayerCache(await prepareLayerCache(path), warn);
  }

  mayHave(key: LayerKey): boolean {
    return existsSync(this.#path(key, 'json'));
  }

  async take(key: LayerKey, sink: ImageSink): Promise<KnownLayer | undefined> {
    const known = await this.#known(key);
    if (known === undefined) return undefined;
    if (!(await this.#put(key, known.descriptor, sink))) {
      await this.#remove(key);
      return undefined;
    }
    await renewUse(this.#path(key, 'json'));
    return known;
  }

  /** The plan that was kept under this key; undefined if it is not here, whole and intact. */
  plan(key: string): Promise<KeptPlan | undefined> {
    return readKeptPlan(this.#path(key, 'plan'));
  }

  /** Keeps the plan under this key, for {@link plan}; replaces one that was kept before. */
  async keepPlan(key: string, plan: KeptPlan): Promise<void> {
    if (this.#isFull) return;
    await writeKeptPlan(this.#path(key, 'plan'), plan).catch((error) => this.#giveUp(error));
  }

  /** Starts to keep a layer that is being written. */
  async keep(key: LayerKey): Promise<KeptLayer> {
    let temporary: Temporary | undefined;
    try {
      if (this.#isFull) return NOT_KEPT;
      temporary = await Temporary.create(this.#path(key, 'layer'), 'file', 0o644);
      const file = await OutputFile.open(temporary.path, this.#path(key, 'layer'));
      return this.#keptIn(key, file, temporary);
    } catch (error) {
      await temporary?.remove();
      this.#giveUp(error);
      return NOT_KEPT;
    }
  }

  #keptIn(key: LayerKey, file: OutputFile, temporary: Temporary): KeptLayer {
    const abort = async () => {
      await file.close();
      await temporary.remove();
    };
    return {
      write: (bytes) => file.append(bytes).catch((error: unknown) => this.#giveUp(error)),
      finish: async ({ descriptor, diffId }) => {
        try {
          // Rejects if a write has failed.
          await file.finish();
          await temporary.rename(this.#path(key, 'layer'));
          const { mediaType, digest, size } = descriptor;
          const entry = { descriptor: { mediaType, digest, size }, diffId };
          await writeFileAtomic(this.#path(key, 'json'), canonicalJson(entry));
        } catch (error) {
          this.#giveUp(error);
          await abort();
        }
      },
      abort,
    };
  }

  async #known(key: LayerKey): Promise<KnownLayer | undefined> {
    try {
      const what = this.#path(key, 'json');
      const entry = jsonObject(parseJson(await readFile(what), what), what);
      const { size } = await stat(this.#path(key, 'layer'));
      const descriptor = checkDescriptor(entry.descriptor as Json, what);
      if (size !== descriptor.size) return undefined;
      return { descriptor, diffId: parseDigest(jsonString(entry.diffId, what), what) };
    } catch {
      return undefined;
    }
  }

  /** False if the blob is damaged; throws errors of the sink only. */
  async #put(key: LayerKey, descriptor: Descriptor, sink: ImageSink): Promise<boolean> {
    if (await sink.has(descriptor)) return true;
    if ((await sink.linkBlob?.(this.#path(key, 'layer'), descriptor)) === true) return true;
    return this.#copy(key, descriptor, sink);
  }

  /** False if the bytes are not those of the descriptor; throws errors of the sink only. */
  async #copy(key: LayerKey, { digest }: Descriptor, sink: ImageSink): Promise<boolean> {
    const blob = await sink.openBlob();
    const hash = createHash('sha256');
    try {
      for await (const piece of createReadStream(this.#path(key, 'layer'), { highWaterMark: PIECE_BYTES })) {
        hash.update(piece as Buffer);
        await blob.write(piece as Buffer);
      }
      if (`sha256:${hash.digest('hex')}` === digest) {
        await blob.commit(digest);
        return true;
      }
    } catch (error) {
      await blob.abort();
      if (isTreeportError(error)) throw error;
      return false;
    }
    await blob.abort();
    return false;
  }

  async #remove(key: LayerKey): Promise<void> {
    for (const path of [this.#path(key, 'json'), this.#path(key, 'layer')])
      await rm(path, { force: true }).catch(() => {});
  }

  #giveUp(error: unknown): void {
    if (!this.#isFull)
      this.#warn(
        `no more layers are kept in ${this.#directory}, which changes no image: ${messageOf(error)}`,
      );
    this.#isFull = true;
  }

  #path(key: LayerKey, kind: 'layer' | 'json' | 'plan'): string {
    return join(this.#directory, `${key}.${kind}`);
  }
}

/** A layer on its way into the cache. No call rejects. */
export type KeptLayer = {
  write(bytes: Uint8Array): Promise<void>;
  finish(layer: KnownLayer): Promise<void>;
  abort(): Promise<void>;
};

const NOT_KEPT: KeptLayer = { write: async () => {}, finish: async () => {}, abort: async () => {} };
