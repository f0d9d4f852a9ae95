/**
 * Answers requests for virtual deltas (virtual-deltas.ts). Index and superblock depend on the client, so
 * caches must ask the server each time; `Vary` names the header for those that heed it.
 */
import { hash } from 'node:crypto';
import type { VirtualDelta } from '../../delta/virtual/virtual-delta.ts';
import { variant } from '../../gvariant/index.ts';
import { type Checksum, checksumToBytes } from '../../ostree/checksum.ts';
import { STATIC_DELTAS_KEY } from '../../ostree/delta-list.ts';
import type { DeltaName } from '../../ostree/delta-name.ts';
import {
  DICT_TYPE,
  dictBoolean,
  dictFromView,
  dictToValue,
  dictView,
  type MetadataDict,
  parseDict,
  serializeDict,
} from '../../ostree/metadata-dict.ts';
import { GrowingPart } from '../content/growing-part.ts';
import type { VirtualParts } from '../content/virtual-parts.ts';
import {
  type Answer,
  bytesAnswer,
  errorAnswer,
  fileAnswer,
  notForClientAnswer,
  type Request,
  rangeAnswer,
} from '../http/answer.ts';
import { BY_CLIENT, NOT_STORED, REVALIDATE } from '../http/caching.ts';
import { fetchesDeltasAlone } from '../http/client-version.ts';
import type { LiveRepository } from './live-summary.ts';
import type { VirtualDeltas } from './virtual-deltas.ts';

export type VirtualAnswers = {
  /** A superblock or a part; undefined if there is no such virtual delta. */
  file(request: Request, name: DeltaName, file: string): Promise<Answer | undefined> | undefined;
  /**
   * The index of the deltas to a commit, `carried` being those in the repository; undefined if it is
   * `carried`.
   */
  index(request: Request, to: Checksum, carried: Buffer | undefined): Promise<Answer | undefined>;
};

export type VirtualAnswersOptions = {
  readonly live: LiveRepository;
  readonly deltas: VirtualDeltas;
  readonly parts: VirtualParts;
  /** Called when a client asks for the deltas to a commit. */
  readonly onAsked: (to: Checksum) => void;
};

const INDEXED_KEY = 'ostree.summary.indexed-deltas';

export function createVirtualAnswers({
  live,
  deltas,
  parts,
  onAsked,
}: VirtualAnswersOptions): VirtualAnswers {
  /** Clients that verify summaries refuse a delta that is in neither summary nor index. */
  const hasIndex = async () => {
    try {
      return dictBoolean((await live.summary()).summary.metadata, INDEXED_KEY) === true;
    } catch {
      // The request for the summary gives the error.
      return false;
    }
  };
  const superblock = async (request: Request, { superblock: bytes, checksum }: VirtualDelta) => {
    if (!fetchesDeltasAlone(request.headers) || !(await hasIndex())) return notForClientAnswer(BY_CLIENT);
    const form = { etag: checksum, lastModified: undefined, cacheControl: REVALIDATE, vary: BY_CLIENT };
    return bytesAnswer(request, bytes, form);
  };
  const part = async (request: Request, delta: VirtualDelta, index: number) => {
    const checksum = delta.parts[index]?.checksum;
    if (checksum === undefined) return notForClientAnswer(BY_CLIENT);
    try {
      const form = { etag: checksum, lastModified: undefined, cacheControl: REVALIDATE };
      const content = await parts.open(delta, index);
      return content instanceof GrowingPart
        ? rangeAnswer(request, content.size, form, (range) => content.stream(range))
        : fileAnswer(request, content, form);
    } catch (error) {
      const isWithdrawn = deltas.failed(delta, index, error) === 'withdrawn';
      return isWithdrawn
        ? errorAnswer(500, NOT_STORED, 'a part of this delta cannot be made')
        : errorAnswer(503, NOT_STORED, 'a part of this delta cannot be made for now');
    }
  };
  return {
    file(request, name, file) {
      const delta = deltas.find(name);
      if (delta === undefined) return undefined;
      return file === 'superblock' ? superblock(request, delta) : part(request, delta, Number(file));
    },
    async index(request, to, carried) {
      onAsked(to);
      const delta = deltas.find({ from: undefined, to });
      if (delta === undefined) return undefined;
      const listed = carried === undefined ? new Map() : listedDeltas(carried);
      if (listed.has(to) || !(await hasIndex())) return undefined;
      const isOffered = fetchesDeltasAlone(request.headers);
      if (!isOffered && carried === undefined) return notForClientAnswer(BY_CLIENT);
      const bytes = isOffered ? withDelta(listed, delta) : (carried as Buffer);
      const etag = hash('sha256', bytes);
      return bytesAnswer(request, bytes, {
        etag,
        lastModified: undefined,
        cacheControl: NOT_STORED,
        vary: BY_CLIENT,
      });
    },
  };
}

function listedDeltas(index: Buffer): MetadataDict {
  const listed = dictView(parseDict(index), STATIC_DELTAS_KEY, DICT_TYPE);
  return listed === undefined ? new Map() : dictFromView(listed);
}

function withDelta(listed: MetadataDict, { to, checksum }: VirtualDelta): Buffer {
  const all: MetadataDict = new Map([...listed, [to, variant('ay', checksumToBytes(checksum))]]);
  return serializeDict(new Map([[STATIC_DELTAS_KEY, variant(DICT_TYPE, dictToValue(all))]]));
}
