/** The objects of the encapsulated commit, and which of its layers holds which. */

import type { ImageLayer } from '../container/encapsulate/image-draft.ts';
import { type LayerPlan, type PlanLayers, wholeCommit } from '../container/encapsulate/layer-plan.ts';
import type { ListedObject, ObjectLayer } from '../mirror/carried/object-list.ts';
import { isListedType } from '../mirror/carried/object-list.ts';
import type { NamedContent } from '../mirror/published-repo.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { parseObjectName } from '../ostree/object-name.ts';
import { type NameSet, ObjectNames } from '../ostree/object-names.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import { reachableObjects } from '../ostree/walk.ts';

export class EmbeddedObjects {
  readonly commit: Checksum | undefined;
  readonly #names = new ObjectNames();
  readonly #sizes = new Map<Checksum, number>();
  #plan: LayerPlan | undefined;
  #listed: readonly ObjectLayer[] | undefined;

  /** Undefined if no commit is encapsulated. */
  constructor(commit: Checksum | undefined) {
    this.commit = commit;
  }

  /** The plan of layers, which is remembered. */
  plan(plan: PlanLayers = wholeCommit): PlanLayers {
    return async (objects) => {
      this.#plan = await plan(objects);
      return this.#plan;
    };
  }

  /** The layers are those of another snapshot. */
  takeOver(layers: readonly ObjectLayer[]): void {
    this.#listed = layers;
  }

  /** Reads the metadata; returns the names of all objects. */
  async walk(source: ObjectSource): Promise<NameSet> {
    if (this.commit !== undefined) for await (const _ of reachableObjects(source, this.commit, this.#names));
    return this.#names;
  }

  /** Each content object once. */
  async *content(source: ObjectSource): AsyncGenerator<NamedContent> {
    for (const name of this.#names) {
      const { type, checksum } = parseObjectName(name);
      if (type !== 'file') continue;
      const object = await source.content(checksum);
      this.#sizes.set(checksum, object.size);
      yield { checksum, object };
    }
  }

  /** What the layers hold, when the content has been read. An object in several layers is listed once. */
  list(layers: readonly ImageLayer[]): readonly ObjectLayer[] {
    if (this.#listed !== undefined) return this.#listed;
    const listed = new Set<Checksum>();
    return layers.map(({ descriptor: { digest, size } }, index) => {
      const objects: ListedObject[] = index === 0 ? this.#metadata() : [];
      for (const checksum of this.#plan?.[index]?.objects.keys() ?? []) {
        if (listed.has(checksum)) continue;
        listed.add(checksum);
        objects.push({ type: 'file', checksum, length: this.#sizes.get(checksum) ?? 0, isDead: false });
      }
      return { digest, size, kind: 'os', objects };
    });
  }

  #metadata(): ListedObject[] {
    return [...this.#names].flatMap((name) => {
      const { type, checksum } = parseObjectName(name);
      return type !== 'file' && isListedType(type) ? [{ type, checksum, length: 0, isDead: false }] : [];
    });
  }
}
