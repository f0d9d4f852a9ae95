/** Entry point of the threads that make parts of virtual deltas. */
import { createHash } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { basename } from 'node:path';
import { answerCalls } from '../../base/answer-calls.ts';
import { asBuffer, mappedBuffer } from '../../base/bytes.ts';
import { TreeportError } from '../../base/errors.ts';
import { type Checksum, finishChecksum } from '../../ostree/checksum.ts';
import type { FileHeader } from '../../ostree/file-header.ts';
import { PartAssembly } from '../static/build/part-assembly.ts';
import { FastEncoder } from '../xz/fast-encoder.ts';
import { packFast } from './pack-fast.ts';
import { VIRTUAL_PACKINGS } from './profiles.ts';
import type { VirtualProfile } from './virtual-delta.ts';

/** An object of the part; its bytes follow those of the object before it. */
export type PartObject = {
  readonly size: number;
  /** Undefined for metadata. */
  readonly header: FileHeader | undefined;
};

export type PartRequest =
  /** Gives this thread the lowest priority. */
  | { readonly kind: 'calm' }
  /** Begins a part, in place of the one before; answered with the memory. */
  | {
      readonly kind: 'begin';
      readonly profile: VirtualProfile;
      readonly objects: readonly PartObject[];
      /** Begins with the bytes of all objects; given to this thread, which copies them and gives it back. */
      readonly memory: Uint8Array<ArrayBuffer>;
    }
  /** Answered with the next piece of the part file. */
  | { readonly kind: 'next' }
  /** Answered with the size and the checksum of the part file. */
  | { readonly kind: 'measure' }
  /** Frees the memory of the part. */
  | { readonly kind: 'end' };

/** A piece of a part file. */
export type PartPiece = {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of the whole file; only the last piece has it. */
  readonly checksum?: Checksum;
};

export type MeasuredPart = { readonly size: number; readonly checksum: Checksum };

export type PartAnswer = Uint8Array<ArrayBuffer> | PartPiece | MeasuredPart | undefined;

/** Bytes of a piece, but the last. */
const PIECE_BYTES = 256 * 1024;

const state: { part: PackedPart | undefined; encoder: FastEncoder | undefined } = {
  part: undefined,
  encoder: undefined,
};

const answer = (request: PartRequest): PartAnswer => {
  switch (request.kind) {
    case 'calm':
      setPriority(threadId(), constants.priority.PRIORITY_LOW);
      return undefined;
    case 'begin':
      state.part?.free();
      state.part = new PackedPart(assemble(request), encoderFor(request.profile));
      return request.memory;
    case 'next':
      return begun().next();
    case 'measure':
      return begun().measure();
    case 'end':
      state.part?.free();
      state.part = undefined;
      return undefined;
  }
};

answerCalls(answer, (value) => {
  if (value instanceof Uint8Array) return [value.buffer];
  return typeof value === 'object' && 'bytes' in value ? [value.bytes.buffer] : [];
});

/** The kernel's id of this thread, by which Linux sets the priority of one thread alone. */
function threadId(): number {
  return Number(basename(readlinkSync('/proc/thread-self')));
}

/** One for all parts of the thread, with its memory; none where nothing is compressed. */
function encoderFor(profile: VirtualProfile): FastEncoder | undefined {
  if (VIRTUAL_PACKINGS[profile].isStored) return undefined;
  state.encoder ??= new FastEncoder();
  return state.encoder;
}

function begun(): PackedPart {
  if (state.part === undefined) throw new TreeportError('ERR_INTERNAL', 'no part was begun');
  return state.part;
}

function assemble({ profile, objects, memory }: PartRequest & { readonly kind: 'begin' }): PartAssembly {
  const size = objects.reduce((sum, object) => sum + object.size, 0);
  const assembly = new PartAssembly(size, VIRTUAL_PACKINGS[profile].classOf);
  const whole = asBuffer(memory);
  const position = { at: 0 };
  for (const { size, header } of objects) {
    const bytes = whole.subarray(position.at, position.at + size);
    position.at += size;
    if (header === undefined) assembly.addMetadata(bytes);
    else assembly.addFile(header, bytes);
  }
  return assembly;
}

/**
 * A part that is packed piece by piece, so that no more than a piece of the file is in memory. What is
 * allocated is freed at once, because garbage of this size would be most of the server's memory.
 */
class PackedPart {
  readonly #assembly: PartAssembly;
  readonly #pieces: Iterator<Uint8Array>;
  readonly #digest = createHash('sha256');
  /** Of the piece that was packed last. */
  #rest: Uint8Array = new Uint8Array(0);
  #isPacked = false;
  #isFreed = false;

  constructor(assembly: PartAssembly, encoder: FastEncoder | undefined) {
    this.#assembly = assembly;
    this.#pieces = packFast(assembly.finish(), encoder);
  }

  next(): PartPiece {
    const bytes = mappedBuffer(PIECE_BYTES);
    const filled = { to: 0 };
    while (filled.to < bytes.length && this.#hasMore()) {
      const piece = this.#rest.subarray(0, bytes.length - filled.to);
      bytes.set(piece, filled.to);
      filled.to += piece.length;
      this.#rest = this.#rest.subarray(piece.length);
    }
    if (this.#hasMore()) return { bytes };
    return { bytes: bytes.subarray(0, filled.to), checksum: finishChecksum(this.#digest) };
  }

  measure(): MeasuredPart {
    const measured = { size: 0 };
    while (this.#hasMore()) {
      measured.size += this.#rest.length;
      this.#rest = this.#rest.subarray(this.#rest.length);
    }
    return { size: measured.size, checksum: finishChecksum(this.#digest) };
  }

  free(): void {
    if (this.#isFreed) return;
    this.#isFreed = true;
    this.#pieces.return?.();
    this.#assembly.free();
  }

  #hasMore(): boolean {
    while (this.#rest.length === 0 && !this.#isPacked) {
      const { done, value } = this.#pieces.next();
      this.#isPacked = done === true;
      if (done === true) this.free();
      else {
        this.#rest = value;
        this.#digest.update(value);
      }
    }
    return this.#rest.length > 0;
  }
}
