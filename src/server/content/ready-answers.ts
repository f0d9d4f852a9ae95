/**
 * Answers from the packs of a mirror image: objects that were encoded when the image was built, in the form
 * that a warm cache has, under the same entity tag. Like archive files they are verified after they were
 * sent; a corrupt one is encoded again from then on.
 */
import { readSync } from 'node:fs';
import { freeNow } from '../../base/bytes.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { objectFault } from '../../ostree/object-fault.ts';
import type { FileRange, ReadyObjects } from '../../ostree/ready-objects.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import { type Answer, type Request, rangeAnswer, wantsWhole } from '../http/answer.ts';
import { IMMUTABLE } from '../http/caching.ts';
import type { Counters } from '../http/counters.ts';
import { REMEMBERED_FILE_BYTES } from '../http/file-memory.ts';
import { smallFileBytes, streamSharedFile } from '../http/plain-file.ts';
import type { ByteRange } from '../http/ranges.ts';
import { SmallMemory } from '../http/small-memory.ts';
import type { BackgroundVerifier, ContentSource } from './background-verifier.ts';

/** Undefined if the object is not ready; ERR_PACKS if the index is damaged. */
export type ReadyAnswers = (request: Request, checksum: Checksum) => Answer | undefined;

/** Packs do not change while they are open. */
const VERSION = 'ready';
/** Enough for the objects of a system of 800 MB that are small enough. */
const MEMORY_BYTES = 28 * 1024 * 1024;

export function createReadyAnswers(
  repo: Repository,
  verifier: BackgroundVerifier,
  counters: Counters,
): ReadyAnswers {
  const memory = new SmallMemory<WholeAnswer>(({ body }) => body.length, MEMORY_BYTES);
  const opened: { ready: ReadyObjects | undefined } = { ready: undefined };

  const find = (ready: ReadyObjects, request: Request, checksum: Checksum): Answer | undefined => {
    const found = ready.find(checksum);
    if (found === undefined) return undefined;
    const form = { etag: `${checksum}-${ready.encoder}`, lastModified: 0, cacheControl: IMMUTABLE };
    const answer = rangeAnswer(request, found.length, form, (range) => bytesOf(found, range, checksum));
    const { body } = answer;
    if (!Buffer.isBuffer(body)) return answer;
    if (body.length > REMEMBERED_FILE_BYTES) return { ...answer, release: () => freeNow(body) };
    if (wantsWhole(request)) memory.keep(checksum, { ...answer, body });
    return answer;
  };

  return (request, checksum) => {
    const { ready } = repo;
    if (ready === undefined || verifier.isCorrupt(checksum, VERSION)) return undefined;
    if (opened.ready !== ready) memory.clear();
    opened.ready = ready;
    const known = wantsWhole(request) ? memory.get(checksum) : undefined;
    const answer = known ?? find(ready, request, checksum);
    if (answer === undefined) return undefined;
    verifier.sent(checksum, VERSION);
    counters.plain += 1;
    return answer;
  };
}

type WholeAnswer = Answer & { readonly body: Buffer };

function bytesOf({ fd, from }: FileRange, range: ByteRange, checksum: Checksum) {
  const length = range.to - range.from;
  if (length > smallFileBytes())
    return streamSharedFile(fd, { from: from + range.from, to: from + range.to });
  const bytes = Buffer.allocUnsafeSlow(length);
  if (readSync(fd, bytes, 0, length, from + range.from) === length) return bytes;
  throw objectFault(`object ${checksum}.filez`, 'is cut off in its pack');
}

/** The content objects as they are sent: from the packs if they are in one. */
export function sentContent(repo: Repository): ContentSource {
  return {
    content: (checksum) =>
      repo.ready?.find(checksum) === undefined
        ? repo.objects.content(checksum)
        : repo.ready.content(checksum),
  };
}
