/** Loose metadata objects are the same in every mode: the raw variant, one file each. */
import type { Checksum } from '../checksum.ts';
import { isMetadataType, type MetadataType, type ObjectName } from '../object-name.ts';
import type { ObjectSource } from '../object-source.ts';
import type { LooseObjects } from './loose.ts';

/** What differs between modes: where content is stored and how it is opened. */
export type ContentStore = Pick<ObjectSource, 'content' | 'head' | 'openContent'> & {
  /** Extension of content objects: `filez` or `file`. */
  readonly extension: string;
};

/** The ObjectSource of a repository whose content objects `store` reads. */
export function looseSource(loose: LooseObjects, store: ContentStore): ObjectSource {
  const extensionOf = (name: ObjectName) => (name.type === 'file' ? store.extension : name.type);
  return {
    has: (name) => loose.exists(name.checksum, extensionOf(name)),
    metadata: (type: MetadataType, checksum: Checksum) => loose.read(checksum, type),
    content: (checksum) => store.content(checksum),
    ...(store.head && { head: store.head }),
    ...(store.openContent && { openContent: store.openContent }),
    async *list() {
      for await (const { checksum, extension } of loose.list()) {
        if (extension === store.extension) yield { type: 'file', checksum };
        else if (isMetadataType(extension)) yield { type: extension, checksum };
      }
    },
  };
}
