/** The tables of modes and extended attributes of a part, each entry once. */
import type { FileHeader } from '../../../ostree/file-header.ts';
import type { FileMode, PayloadTables } from '../part-payload.ts';

export type TableIndexes = { readonly mode: number; readonly xattrs: number };

export class PartTables {
  readonly #modes = new IndexedTable<FileMode>();
  readonly #xattrs = new IndexedTable<Uint8Array>();

  /** The indexes of a header's entries; adds them if they are new. */
  add({ uid, gid, mode, xattrs }: FileHeader): TableIndexes {
    return {
      mode: this.#modes.add(`${uid} ${gid} ${mode}`, { uid, gid, mode }),
      xattrs: this.#xattrs.add(Buffer.from(xattrs).toString('latin1'), xattrs),
    };
  }

  get tables(): PayloadTables {
    return { modes: this.#modes.entries, xattrs: this.#xattrs.entries };
  }
}

class IndexedTable<Entry> {
  readonly entries: Entry[] = [];
  readonly #indexes = new Map<string, number>();

  add(key: string, entry: Entry): number {
    const index = this.#indexes.get(key) ?? this.entries.push(entry) - 1;
    this.#indexes.set(key, index);
    return index;
  }
}
