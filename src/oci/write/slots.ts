/**
 * The memory of all streams that are being compressed: slots of shared memory, each for one block. Streams
 * take slots in turn and give them back, so one bound holds for all of them together. A stream submits its
 * full block before it waits for the next slot, so streams cannot block each other.
 */
import { type BlockFormat, MAX_EXPANSION } from './block-format.ts';

export type Slot = {
  readonly format: BlockFormat;
  readonly dictionary: Uint8Array;
  readonly input: Uint8Array;
  readonly output: Uint8Array;
};

type Waiter = PromiseWithResolvers<Slot> & { readonly format: BlockFormat };

const MAX_MEMORY = 56 * 1024 * 1024;

export class SlotPool {
  readonly #atOnce: (format: BlockFormat) => number;
  readonly #waiting: Waiter[] = [];
  #free: Slot[] = [];
  #slots = 0;
  #memory = 0;
  #streams = 0;

  /** `atOnce` is the number of blocks of a format that are compressed at once. */
  constructor(atOnce: (format: BlockFormat) => number) {
    this.#atOnce = atOnce;
  }

  /** Called when a stream starts. It must call `leave` when it has given all its slots back. */
  enter(): void {
    this.#streams += 1;
  }

  leave(): void {
    this.#streams -= 1;
    if (this.#streams === 0) this.#dropFree();
  }

  /** A slot for a block of this format. Waits until the pool has one; waiters are served in order. */
  take(format: BlockFormat): Promise<Slot> {
    const waiter = { format, ...Promise.withResolvers<Slot>() };
    this.#waiting.push(waiter);
    this.#serve();
    return waiter.promise;
  }

  give(slot: Slot): void {
    this.#free.push(slot);
    this.#serve();
  }

  #serve(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const slot = this.#obtain(next.format);
      if (slot === undefined) return;
      this.#waiting.shift();
      next.resolve(slot);
    }
  }

  #obtain(format: BlockFormat): Slot | undefined {
    const index = this.#free.findIndex((slot) => slot.format === format);
    if (index >= 0) return this.#free.splice(index, 1)[0];
    this.#dropFree();
    // Each stream fills one slot; one more than those that are compressed is being written.
    const isFull = this.#slots >= this.#atOnce(format) + 1 + this.#streams;
    if (isFull || this.#memory + slotSize(format) > MAX_MEMORY) return undefined;
    this.#slots += 1;
    this.#memory += slotSize(format);
    return newSlot(format);
  }

  #dropFree(): void {
    for (const { format } of this.#free) this.#memory -= slotSize(format);
    this.#slots -= this.#free.length;
    this.#free = [];
  }
}

function slotSize(format: BlockFormat): number {
  return format.dictionarySize + 2 * format.blockSize + MAX_EXPANSION;
}

function newSlot(format: BlockFormat): Slot {
  const memory = new SharedArrayBuffer(slotSize(format));
  const inputEnd = format.dictionarySize + format.blockSize;
  return {
    format,
    dictionary: new Uint8Array(memory, 0, format.dictionarySize),
    input: new Uint8Array(memory, format.dictionarySize, format.blockSize),
    output: new Uint8Array(memory, inputEnd),
  };
}
