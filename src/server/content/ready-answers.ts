/**
 * Answers from the packs of a mirror image: objects that were encoded when the image was built, in the form
 * that a warm cache has, under the same entity tag. Like archive files they are verified after they were
 * sent; a corrupt one is encoded again from then on.
 */
import { readSync } from 'node:fs';
import type { Checksum } from '../../ostree/checksum.ts';
import { objectFault } from '../../ostree/object-fault.ts';
import type { FileRange } from '../../ostree/ready-objects.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import { type Answer, type Request, rangeAnswer } from '../http/answer.ts';
import { IMMUTABLE } from '../http/caching.ts';
import type { Counters } from '../http/counters.ts';
import { smallFileBytes, streamSharedFile } from '../http/plain-file.ts';
import type { ByteRange } from '../http/ranges.ts';
import type { BackgroundVerifier, ContentSource } from './background-verifier.ts';

/** Undefined if the object is not ready; ERR_PACKS if the index is damaged. */
export type ReadyAnswers = (request: Request, checksum: Checksum) => Answer | undefined;

/** Packs do not change while they are open. */
const VERSION = 'ready';

export function createReadyAnswers(
  repo: Repository,
  verifier: BackgroundVerifier,
  counters: Counters,
): ReadyAnswers {
  return (request, checksum) => {
    const { ready } = repo;
    if (ready === undefined) return undefined;
    const found = ready.find(checksum);
    if (found === undefined || verifier.isCorrupt(checksum, VERSION)) return undefined;
    verifier.sent(checksum, VERSION);
    counters.plain += 1;
    const form = { etag: `${checksum}-${ready.encoder}`, lastModified: 0, cacheControl: IMMUTABLE };
    return rangeAnswer(request, found.length, form, (range) => bytesOf(found, range, checksum));
  };
}

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
