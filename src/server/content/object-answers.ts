/**
 * Answers requests for objects. Metadata is read and verified. Content is sent as archive files: from the
 * cache, as it lies in an archive repository, or encoded on demand. Knows nothing of Fastify, so that any
 * HTTP handler can use it.
 */
import { hash } from 'node:crypto';
import { isTreeportError } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { verifiedMetadata } from '../../ostree/load.ts';
import { objectFault } from '../../ostree/object-fault.ts';
import { loosePath, type MetadataType } from '../../ostree/object-name.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import {
  type Answer,
  bytesAnswer,
  faultAnswer,
  fileAnswer,
  notModifiedAnswer,
  type Representation,
  type Request,
  streamAnswer,
} from '../http/answer.ts';
import { BRIEF, IMMUTABLE, isConditional, SHORT } from '../http/caching.ts';
import type { Counters } from '../http/counters.ts';
import type { FaultReporter } from '../http/faults.ts';
import { closePlainFile, openPlainFile, type PlainFile } from '../http/plain-file.ts';
import type { BackgroundVerifier } from './background-verifier.ts';
import type { EncodedObjects } from './encoded-objects.ts';

export type ObjectAnswersOptions = {
  readonly repo: Repository;
  readonly encoded: EncodedObjects;
  readonly backgroundVerifier: BackgroundVerifier;
  readonly counters: Counters;
  readonly faults: FaultReporter;
};

/** Neither rejects: a fault is an answer. */
export type ObjectAnswers = {
  metadata(request: Request, type: MetadataType, checksum: Checksum): Promise<Answer>;
  content(request: Request, checksum: Checksum): Promise<Answer>;
};

/** Clients request these without knowing whether they exist; a missing commit is the end of a history. */
const OPTIONAL: readonly MetadataType[] = ['commitmeta', 'commit', 'tombstone-commit'];
/** Last-Modified of objects that are named by their content. */
const NEVER_MODIFIED = 0;

export function createObjectAnswers(options: ObjectAnswersOptions): ObjectAnswers {
  const { repo, encoded, backgroundVerifier, counters, faults } = options;

  const encodedForm = (checksum: Checksum, encoder: string): Representation => ({
    etag: `${checksum}-${encoder}`,
    lastModified: NEVER_MODIFIED,
    // Caching proxies must not keep the stored form when the compressed one is about to replace it.
    cacheControl: encoder === encoded.cachedId ? IMMUTABLE : BRIEF,
  });

  const answerPlain = (request: Request, checksum: Checksum, file: PlainFile): Answer => {
    const etag = `${checksum}-${file.size.toString(16)}-${Math.floor(file.modified).toString(16)}`;
    const version = `${etag}-${file.inode}`;
    if (backgroundVerifier.isCorrupt(checksum, version)) {
      closePlainFile(file);
      throw objectFault(`object ${checksum}.filez`, 'is corrupt, as verification found before');
    }
    backgroundVerifier.sent(checksum, version);
    return fileAnswer(request, file, { etag, lastModified: file.modified, cacheControl: IMMUTABLE });
  };

  const answerEncoded = async (request: Request, checksum: Checksum): Promise<Answer> => {
    // Without ranges: every range would be encoded anew, and the cached form has other bytes.
    const form = { ...encodedForm(checksum, encoded.onDemandId), ranges: 'none' } as const;
    // The tag follows from the name alone, so it does not prove that the object exists.
    if (isConditional(request.headers) && (await repo.objects.has({ type: 'file', checksum }))) {
      const known = notModifiedAnswer(request, form);
      if (known !== undefined) return known;
    }
    const content = await encoded.encode(checksum);
    return Buffer.isBuffer(content)
      ? bytesAnswer(request, content, form)
      : streamAnswer(request, content, form);
  };

  const answerContent = (request: Request, checksum: Checksum): Answer | Promise<Answer> => {
    // The cache first: it knows what it has, whereas a failed lookup in the repository costs a system call.
    const cached = encoded.openCached(checksum);
    if (cached !== undefined) {
      counters.cached += 1;
      return fileAnswer(request, cached, encodedForm(checksum, encoded.cachedId));
    }
    const plain = openArchiveFile(repo, checksum);
    if (plain === undefined) return answerEncoded(request, checksum);
    counters.plain += 1;
    return answerPlain(request, checksum, plain);
  };

  return {
    async metadata(request, type, checksum) {
      const name = `${checksum}.${type}`;
      try {
        const bytes = await verifiedMetadata(repo.objects, type, checksum);
        return bytesAnswer(request, bytes, metadataForm(type, checksum, bytes));
      } catch (error) {
        const isMissing = isTreeportError(error, 'ERR_OBJECT_MISSING');
        return faultAnswer(
          isMissing ? faults.missing(name, OPTIONAL.includes(type)) : faults.failed(name, error),
        );
      }
    },
    async content(request, checksum) {
      try {
        return await answerContent(request, checksum);
      } catch (error) {
        return faultAnswer(faults.failed(`${checksum}.filez`, await asDamage(repo, checksum, error)));
      }
    },
  };
}

function metadataForm(type: MetadataType, checksum: Checksum, bytes: Buffer): Representation {
  const isNamedByContent = type !== 'commitmeta' && type !== 'tombstone-commit';
  if (isNamedByContent) return { etag: checksum, lastModified: NEVER_MODIFIED, cacheControl: IMMUTABLE };
  return { etag: hash('sha256', bytes), lastModified: undefined, cacheControl: SHORT };
}

/** The archive file of an object in the first archive repository of the chain of parents that has it. */
function openArchiveFile(repo: Repository, checksum: Checksum): PlainFile | undefined {
  const file = repo.mode === 'archive' ? openPlainFile(repo.path, loosePath(checksum, 'filez')) : undefined;
  if (file !== undefined || repo.parent === undefined) return file;
  return openArchiveFile(repo.parent, checksum);
}

/** An object of which only the attribute file is missing is damaged, not absent: a 404 would hide that. */
async function asDamage(repo: Repository, checksum: Checksum, error: unknown): Promise<unknown> {
  if (!isTreeportError(error, 'ERR_OBJECT_MISSING')) return error;
  const isHere = await repo.objects.has({ type: 'file', checksum }).catch(() => true);
  return isHere ? new Error(error.message) : error;
}
