/**
 * Entry point of the threads that make parts of virtual deltas. In mirror images they are the only code that
 * calls foreign functions: liblzma's, and only for parts that are compressed.
 */
import { createHash } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { basename } from 'node:path';
import { answerCalls } from '../../base/answer-calls.ts';
import { asBuffer } from '../../base/bytes.ts';
import { lzmaVersion } from '../../native/lzma/liblzma.ts';
import { type Checksum, finishChecksum } from '../../ostree/checksum.ts';
import type { FileHeader } from '../../ostree/file-header.ts';
import { packPart } from '../static/build/pack-part.ts';
import { PartAssembly, type PartContent } from '../static/build/part-assembly.ts';
import { VIRTUAL_PACKINGS } from './profiles.ts';
import type { VirtualProfile } from './virtual-delta.ts';

/** An object of the part; its bytes follow those of the object before it. */
export type PartObject = {
  readonly size: number;
  /** Undefined for metadata. */
  readonly header: FileHeader | undefined;
};

export type PartRequest =
  /** Answered with the version of liblzma. */
  | { readonly kind: 'version' }
  /** Gives this thread the lowest priority. */
  | { readonly kind: 'calm' }
  /** Makes the part in each profile. */
  | {
      readonly kind: 'make';
      readonly profiles: readonly VirtualProfile[];
      readonly objects: readonly PartObject[];
      /** Begins with the bytes of all objects; given to this thread, which gives it back with the answer. */
      readonly memory: Uint8Array<ArrayBuffer>;
    };

export type MadePart = { readonly bytes: Uint8Array<ArrayBuffer>; readonly checksum: Checksum };

/** In the order of the profiles. */
export type MadeParts = { readonly parts: readonly MadePart[]; readonly memory: Uint8Array<ArrayBuffer> };

export type PartAnswer = string | MadeParts | undefined;

const answer = (request: PartRequest): PartAnswer => {
  switch (request.kind) {
    case 'version':
      return lzmaVersion();
    case 'calm':
      setPriority(threadId(), constants.priority.PRIORITY_LOW);
      return undefined;
    case 'make':
      return make(request);
  }
};

answerCalls(answer, (value) =>
  typeof value === 'object'
    ? [value.memory, ...value.parts.map(({ bytes }) => bytes)].map((each) => each.buffer)
    : [],
);

/** The kernel's id of this thread, by which Linux sets the priority of one thread alone. */
function threadId(): number {
  return Number(basename(readlinkSync('/proc/thread-self')));
}

/**
 * Memory holds the content twice at most: the sections are copies, so the memory of the objects takes the
 * compressed sections. What is allocated is freed at once, because garbage of this size would be most of the
 * server's memory.
 */
function make({ profiles, objects, memory }: PartRequest & { readonly kind: 'make' }): MadeParts {
  const size = objects.reduce((sum, object) => sum + object.size, 0);
  const assembly = new PartAssembly(size);
  const whole = asBuffer(memory);
  const position = { at: 0 };
  for (const { size, header } of objects) {
    const bytes = whole.subarray(position.at, position.at + size);
    position.at += size;
    if (header === undefined) assembly.addMetadata(bytes);
    else assembly.addFile(header, bytes);
  }
  const content = assembly.finish();
  const parts = profiles.map((profile) => pack(content, profile, whole));
  assembly.free();
  return { parts, memory };
}

/** Compresses into `memory`. */
function pack(content: PartContent, profile: VirtualProfile, memory: Buffer): MadePart {
  const position = { at: 0 };
  const scratch = (size: number) =>
    size <= memory.length - position.at ? memory.subarray(position.at) : Buffer.allocUnsafeSlow(size);
  const pieces: Uint8Array[] = [];
  const total = { size: 0 };
  const digest = createHash('sha256');
  for (const piece of packPart(content, VIRTUAL_PACKINGS[profile], scratch)) {
    if (piece.buffer === memory.buffer) position.at = piece.byteOffset - memory.byteOffset + piece.length;
    pieces.push(piece);
    total.size += piece.length;
    digest.update(piece);
  }
  const bytes = new Uint8Array(total.size);
  const written = { at: 0 };
  for (const piece of pieces) {
    bytes.set(piece, written.at);
    written.at += piece.length;
  }
  return { bytes, checksum: finishChecksum(digest) };
}
