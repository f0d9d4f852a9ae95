/**
 * Answers requests for objects. Metadata is read and verified. Content is sent as archive files: from the
 * cache, as it lies in an archive repository, or encoded on demand. Knows nothing of Fastify, so that any
 * HTTP handler can use it.
 */
import { hash } from 'node:crypto';
import { freeNow } from '../../base/bytes.ts';
import { isTreeportError } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { verifiedMetadata } from '../../ostree/load.ts';
import { objectFault } from '../../ostree/object-fault.ts';
import { isHashedMetadata, loosePath, type MetadataType } from '../../ostree/object-name.ts';
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
  wantsWhole,
} from '../http/answer.ts';
import { BRIEF, IMMUTABLE, isConditional, SHORT } from '../http/caching.ts';
import type { Counters } from '../http/counters.ts';
import type { FaultReporter } from '../http/faults.ts';
import { openObjectFile, REMEMBERED_FILE_BYTES } from '../http/file-memory.ts';
import { knownLinks } from '../http/known-links.ts';
import { NO_LINK } from '../http/link-speed.ts';
import { closePlainFile, type PlainFile } from '../http/plain-file.ts';
import type { BackgroundVerifier } from './background-verifier.ts';
import type { EncodedObjects } from './encoded-objects.ts';
import { createReadyAnswers } from './ready-answers.ts';
import { isInMemory, smallMetadata } from './small-metadata.ts';

export type ObjectAnswersOptions = {
  readonly repo: Repository;
  readonly encoded: EncodedObjects;
  readonly backgroundVerifier: BackgroundVerifier;
  readonly counters: Counters;
  readonly faults: FaultReporter;
};

/** Neither rejects: a fault is an answer. Files are answered at once, without a promise. */
export type ObjectAnswers = {
  metadata(request: Request, type: MetadataType, checksum: Checksum): Answer | Promise<Answer>;
  content(request: Request, checksum: Checksum): Answer | Promise<Answer>;
};

/** Clients request these without knowing whether they exist; a missing commit is the end of a history. */
const OPTIONAL: readonly MetadataType[] = ['commitmeta', 'commit', 'tombstone-commit'];
/** Last-Modified of objects that are named by their content. */
const NEVER_MODIFIED = 0;

export function createObjectAnswers(options: ObjectAnswersOptions): ObjectAnswers {
  const { repo, encoded, backgroundVerifier, counters, faults } = options;

  const canonicalForm = (checksum: Checksum): Representation => ({
    etag: `${checksum}-${encoded.canonicalId}`,
    lastModified: NEVER_MODIFIED,
    cacheControl: IMMUTABLE,
  });

  /**
   * Without ranges: every range would be encoded anew. Caching proxies may keep the canonical form only,
   * because the others suit one client's link, or are about to be replaced.
   */
  const encodedForm = (checksum: Checksum, encoder: string | undefined): Representation => ({
    etag: encoder === undefined ? undefined : `${checksum}-${encoder}`,
    lastModified: encoder === undefined ? undefined : NEVER_MODIFIED,
    cacheControl: encoder === encoded.canonicalId ? IMMUTABLE : BRIEF,
    ranges: 'none',
  });

  /** Whole answers, by the files that are still in memory. */
  const remembered = new WeakMap<PlainFile, Answer>();
  const answerFile = (request: Request, file: PlainFile, form: () => Representation): Answer => {
    if (!isInMemory(file) || !wantsWhole(request)) return fileAnswer(request, file, form());
    if (file.size > REMEMBERED_FILE_BYTES)
      return { ...fileAnswer(request, file, form()), release: () => freeNow(file.content) };
    const known = remembered.get(file);
    if (known !== undefined) return known;
    const answer = fileAnswer(request, file, form());
    remembered.set(file, answer);
    return answer;
  };

  const answerReady = createReadyAnswers(repo, backgroundVerifier, counters);

  const answerPlain = (request: Request, checksum: Checksum, file: PlainFile): Answer => {
    const version = versionOf(file);
    if (backgroundVerifier.isCorrupt(checksum, version)) {
      closePlainFile(file);
      throw objectFault(`object ${checksum}.filez`, 'is corrupt, as verification found before');
    }
    backgroundVerifier.sent(checksum, version);
    return answerFile(request, file, () => ({
      etag: `${checksum}-${file.size.toString(16)}-${Math.floor(file.modified).toString(16)}`,
      lastModified: file.modified,
      cacheControl: IMMUTABLE,
    }));
  };

  const answerEncoded = async (request: Request, checksum: Checksum): Promise<Answer> => {
    // The tag follows from the name alone, so it does not prove that the object exists.
    if (isConditional(request.headers) && (await repo.objects.has({ type: 'file', checksum }))) {
      const known = notModifiedAnswer(request, canonicalForm(checksum));
      if (known !== undefined) return known;
    }
    const { socket } = request;
    const link = socket && knownLinks.of(socket);
    const { content, encoder, release } = await encoded.encode(checksum, link ?? NO_LINK);
    if (socket !== undefined) link?.answering(socket);
    const form = encodedForm(checksum, encoder);
    if (!Buffer.isBuffer(content)) return streamAnswer(request, content, form);
    const answer = bytesAnswer(request, content, form);
    return release === undefined ? answer : { ...answer, release };
  };

  const answerContent = (request: Request, checksum: Checksum): Answer | Promise<Answer> => {
    const ready = answerReady(request, checksum);
    if (ready !== undefined) return ready;
    // The cache first: it knows what it has, whereas a failed lookup in the repository costs a system call.
    const cached = encoded.openCached(checksum);
    if (cached !== undefined) {
      counters.cached += 1;
      return answerFile(request, cached, () => canonicalForm(checksum));
    }
    const plain = openArchiveFile(repo, checksum);
    if (plain === undefined) return answerEncoded(request, checksum);
    counters.plain += 1;
    return answerPlain(request, checksum, plain);
  };

  const readMetadata = async (request: Request, type: MetadataType, checksum: Checksum): Promise<Answer> => {
    try {
      const bytes = await verifiedMetadata(repo.objects, type, checksum);
      return bytesAnswer(request, bytes, metadataForm(type, checksum, bytes));
    } catch (error) {
      const name = `${checksum}.${type}`;
      const isMissing = isTreeportError(error, 'ERR_OBJECT_MISSING');
      return faultAnswer(
        isMissing ? faults.missing(name, OPTIONAL.includes(type)) : faults.failed(name, error),
      );
    }
  };

  const failed = async (checksum: Checksum, error: unknown): Promise<Answer> =>
    faultAnswer(faults.failed(`${checksum}.filez`, await asDamage(repo, checksum, error)));

  return {
    metadata(request, type, checksum) {
      if (request.socket !== undefined) knownLinks.requested(request.socket);
      const file = isHashedMetadata(type) ? smallMetadata(repo, type, checksum) : undefined;
      if (file === undefined) return readMetadata(request, type, checksum);
      return answerFile(request, file, () => metadataForm(type, checksum, file.content));
    },
    content(request, checksum) {
      if (request.socket !== undefined) knownLinks.requested(request.socket);
      try {
        const answer = answerContent(request, checksum);
        return answer instanceof Promise ? answer.catch((error) => failed(checksum, error)) : answer;
      } catch (error) {
        return failed(checksum, error);
      }
    },
  };
}

/** Changes whenever the file does. */
function versionOf({ size, modified, inode }: PlainFile): string {
  return `${inode}-${size}-${modified}`;
}

function metadataForm(type: MetadataType, checksum: Checksum, bytes: Buffer): Representation {
  if (isHashedMetadata(type))
    return { etag: checksum, lastModified: NEVER_MODIFIED, cacheControl: IMMUTABLE };
  return { etag: hash('sha256', bytes), lastModified: undefined, cacheControl: SHORT };
}

/** The archive file of an object in the first archive repository of the chain of parents that has it. */
function openArchiveFile(repo: Repository, checksum: Checksum): PlainFile | undefined {
  const file = repo.mode === 'archive' ? openObjectFile(repo.path, loosePath(checksum, 'filez')) : undefined;
  if (file !== undefined || repo.parent === undefined) return file;
  return openArchiveFile(repo.parent, checksum);
}

/** An object of which only the attribute file is missing is damaged, not absent: a 404 would hide that. */
async function asDamage(repo: Repository, checksum: Checksum, error: unknown): Promise<unknown> {
  if (!isTreeportError(error, 'ERR_OBJECT_MISSING')) return error;
  const isHere = await repo.objects.has({ type: 'file', checksum }).catch(() => true);
  return isHere ? new Error(error.message) : error;
}
