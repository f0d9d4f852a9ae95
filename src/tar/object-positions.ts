/**
 * Where the objects of a tar stream begin, for errors of a sink, which verifies objects later and on other
 * threads. 40 bytes for each object: its checksum and the position. Looked up only when the import has
 * failed.
 */
import { isTreeportError } from '../base/errors.ts';
import { CHECKSUM_BYTES, type Checksum } from '../ostree/checksum.ts';
import { objectNameIn } from '../ostree/object-name.ts';
import { placedFault } from './placed-fault.ts';

const ENTRY_BYTES = CHECKSUM_BYTES + 8;
const BLOCK_ENTRIES = 1024;

export class ObjectPositions {
  readonly #blocks: Buffer[] = [];
  #count = 0;

  note(checksum: Checksum, header: number): void {
    const at = this.#count % BLOCK_ENTRIES;
    if (at === 0) this.#blocks.push(Buffer.alloc(BLOCK_ENTRIES * ENTRY_BYTES));
    const block = this.#blocks.at(-1) as Buffer;
    block.write(checksum, at * ENTRY_BYTES, CHECKSUM_BYTES, 'hex');
    block.writeDoubleLE(header, at * ENTRY_BYTES + CHECKSUM_BYTES);
    this.#count += 1;
  }

  /** The error, with the position of the object that it names if that came in this stream. */
  placed(error: unknown): unknown {
    if (!isTreeportError(error, 'ERR_OBJECT_CORRUPT') && !isTreeportError(error, 'ERR_OBJECT_STRAY'))
      return error;
    const name = objectNameIn(error.message);
    const header = name && this.#positionOf(name.checksum);
    return header === undefined ? error : placedFault(error, header);
  }

  #positionOf(checksum: Checksum): number | undefined {
    const wanted = Buffer.from(checksum, 'hex');
    for (let index = 0; index < this.#count; index++) {
      const block = this.#blocks[Math.floor(index / BLOCK_ENTRIES)] as Buffer;
      const at = (index % BLOCK_ENTRIES) * ENTRY_BYTES;
      if (block.subarray(at, at + CHECKSUM_BYTES).equals(wanted))
        return block.readDoubleLE(at + CHECKSUM_BYTES);
    }
    return undefined;
  }
}
