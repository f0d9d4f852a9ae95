/**
 * Entry point of the threads that make parts of virtual deltas. In mirror images they are the only code that
 * calls foreign functions: liblzma's, and only for parts that are compressed.
 */
import { createHash } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { basename } from 'node:path';
import { answerCalls } from '../../base/answer-calls.ts';
import { asBuffer, freeNow } from '../../base/bytes.ts';
import { lzmaVersion } from '../../native/lzma/liblzma.ts';
import { type Checksum, finishChecksum } from '../../ostree/checksum.ts';
import type { FileHeader } from '../../ostree/file-header.ts';
import { ByteSection } from '../static/build/byte-section.ts';
import { packPart } from '../static/build/pack-part.ts';
import { PartAssembly } from '../static/build/part-assembly.ts';
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
  | {
      readonly kind: 'make';
      readonly profile: VirtualProfile;
      readonly objects: readonly PartObject[];
      /** The bytes of all objects. */
      readonly memory: Uint8Array;
    };

export type MadePart = { readonly bytes: Uint8Array<ArrayBuffer>; readonly checksum: Checksum };

export type PartAnswer = string | MadePart | undefined;

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

answerCalls(answer, (value) => (typeof value === 'object' ? [value.bytes.buffer] : []));

/** The kernel's id of this thread, by which Linux sets the priority of one thread alone. */
function threadId(): number {
  return Number(basename(readlinkSync('/proc/thread-self')));
}

/** Frees what it allocates at once: garbage of this size would be most of the server's memory. */
function make({ profile, objects, memory }: PartRequest & { readonly kind: 'make' }): MadePart {
  const assembly = new PartAssembly(memory.length);
  const whole = asBuffer(memory);
  const position = { at: 0 };
  for (const { size, header } of objects) {
    const bytes = whole.subarray(position.at, position.at + size);
    position.at += size;
    if (header === undefined) assembly.addMetadata(bytes);
    else assembly.addFile(header, bytes);
  }
  const content = assembly.finish();
  const scratch = Buffer.allocUnsafeSlow(content.payloadSize);
  const file = new ByteSection(content.payloadSize);
  for (const piece of packPart(content, VIRTUAL_PACKINGS[profile], () => scratch)) file.append(piece);
  freeNow(scratch);
  assembly.free();
  const bytes = new Uint8Array(file.bytes);
  file.free();
  return { bytes, checksum: finishChecksum(createHash('sha256').update(bytes)) };
}
