/** Entry point of the worker threads that apply the parts of deltas, one part at a time (apply-parts.ts). */
import { answerCalls } from '../../base/answer-calls.ts';
import { asBuffer, freeNow } from '../../base/bytes.ts';
import { TreeportError } from '../../base/errors.ts';
import { libcXattrs } from '../../native/libc/xattrs.ts';
import { giveLargeBlocksBack } from '../../native/lzma/malloc.ts';
import { openRepository } from '../../ostree/repo/open.ts';
import { type BatchMemory, BatchPacker, type MadeBatch } from './apply-batch.ts';
import { applyPart } from './apply-part.ts';
import { filesOfBase } from './delta-base.ts';
import { freePayload, readPartFile } from './part-file.ts';
import type { BaseSource } from './part-sources.ts';
import type { PartHeader } from './superblock.ts';

export type ApplyRequest =
  /** Once, before the first part. */
  | {
      readonly kind: 'open';
      readonly repoPath: string;
      /** `<checksum>.<type>` of the objects of the commit that the delta starts from. */
      readonly base: ReadonlySet<string>;
    }
  /** Begins a part, in place of the one before. */
  | {
      readonly kind: 'begin';
      /** Names the part in errors. */
      readonly what: string;
      readonly header: PartHeader;
      readonly file: BatchMemory;
    }
  /** Answered with the next objects of the part, in this memory. */
  | { readonly kind: 'next'; readonly memory: BatchMemory };

export type ApplyAnswer = MadeBatch | undefined;

type BegunPart = { readonly packer: BatchPacker; readonly free: () => void };

const state: { base: BaseSource | undefined; part: BegunPart | undefined } = {
  base: undefined,
  part: undefined,
};

answerCalls(answer, (value) => (value === undefined ? [] : [value.memory.buffer]));

async function answer(request: ApplyRequest): Promise<ApplyAnswer> {
  switch (request.kind) {
    case 'open': {
      giveLargeBlocksBack();
      const { objects } = await openRepository(request.repoPath, { xattrs: libcXattrs });
      state.base = filesOfBase(objects, request.base);
      return undefined;
    }
    case 'begin':
      state.part = begin(request, required(state.base));
      return undefined;
    case 'next': {
      const part = required(state.part);
      const batch = await part.packer.next(request.memory);
      if (batch.isLast) part.free();
      return batch;
    }
  }
}

function begin(
  { what, header, file }: ApplyRequest & { readonly kind: 'begin' },
  base: BaseSource,
): BegunPart {
  const payload = readPartFile(header, asBuffer(file), { what });
  const part = { what, objects: header.objects, payload };
  const free = () => {
    freePayload(payload, file);
    freeNow(file);
  };
  return { packer: new BatchPacker(applyPart(part, base)), free };
}

function required<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new TreeportError('ERR_INTERNAL', 'requests come in the wrong order');
  return value;
}
