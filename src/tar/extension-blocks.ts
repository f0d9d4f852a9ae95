/**
 * The blocks between two entries of a tar archive: long names of GNU (`L`, `K`) and PAX records (`x`, `g`)
 * for the entry that follows. Global records stay.
 */
import { decodeHeader, decodePax, malformed, type PaxRecords, textAt } from './decode-header.ts';
import { BLOCK_BYTES } from './header.ts';

export type Extensions = {
  readonly records: PaxRecords;
  /** The long names of GNU. */
  readonly names: { readonly path?: string; readonly target?: string };
};

const NO_RECORDS: PaxRecords = new Map();
const NOTHING: Extensions = { records: NO_RECORDS, names: {} };

export class ExtensionBlocks {
  #global = NO_RECORDS;

  /** Whole blocks; ERR_TAR if they are something else. */
  read(blocks: Buffer): Extensions {
    if (blocks.length === 0 && this.#global.size === 0) return NOTHING;
    let records = NO_RECORDS;
    const names: { path?: string; target?: string } = {};
    for (let at = 0; at < blocks.length; ) {
      const header = decodeHeader(blocks.subarray(at, at + BLOCK_BYTES));
      if (header === undefined) throw malformed('something follows its end');
      const start = at + BLOCK_BYTES;
      const data = blocks.subarray(start, start + header.size);
      if (!(data.length === header.size)) throw malformed('a long name or PAX record is cut off');
      if (header.flag === 'L') names.path = textAt(data, 0, data.length);
      else if (header.flag === 'K') names.target = textAt(data, 0, data.length);
      else if (header.flag === 'x') records = decodePax(data);
      else if (header.flag === 'g') this.#global = decodePax(data);
      else throw malformed(`an entry of the type ${JSON.stringify(header.flag)} is not supported`);
      at = start + Math.ceil(header.size / BLOCK_BYTES) * BLOCK_BYTES;
    }
    return { records: new Map([...this.#global, ...records]), names };
  }
}
