/**
 * Objects: metadata is read and verified, content goes out as archive files — those that lie in an archive
 * repository as they are, the others from the cache or freshly encoded.
 */

import { hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isTreeportError } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { verifiedMetadata } from '../../ostree/load.ts';
import { objectFault } from '../../ostree/object-fault.ts';
import { loosePath, type MetadataType } from '../../ostree/object-name.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import { BRIEF, IMMUTABLE, isConditional, SHORT } from '../http/caching.ts';
import type { Counters } from '../http/counters.ts';
import type { FaultReporter } from '../http/faults.ts';
import { closePlainFile, openPlainFile, type PlainFile } from '../http/plain-file.ts';
import { type Answer, sendBytes, sendFault, sendFile, sendIfNotModified, sendStream } from '../http/reply.ts';
import type { BackgroundVerifier } from './background-verifier.ts';
import type { CacheVerifier } from './cache-verifier.ts';
import type { DiskCache } from './disk-cache.ts';
import { type Encoder, encoderId } from './encoder.ts';
import type { Encoding } from './encoding.ts';
import type { IdleQueue } from './idle-queue.ts';

export type ObjectRoutesContext = {
  readonly repo: Repository;
  readonly encoding: Encoding;
  readonly cache: DiskCache | undefined;
  /** Puts what {@link ObjectRoutesContext.encode} does not into the cache. */
  readonly backgroundCompressor: IdleQueue | undefined;
  readonly cacheVerifier: CacheVerifier | undefined;
  readonly encode: Encoder;
  readonly counters: Counters;
  readonly faults: FaultReporter;
  readonly backgroundVerifier: BackgroundVerifier;
};

export type ObjectRoutes = {
  metadata(
    request: FastifyRequest,
    reply: FastifyReply,
    type: MetadataType,
    checksum: Checksum,
  ): Promise<FastifyReply>;
  content(request: FastifyRequest, reply: FastifyReply, checksum: Checksum): Promise<FastifyReply>;
};

/** Clients look for these without knowing whether they exist; a missing commit is the end of a history. */
const OPTIONAL: readonly MetadataType[] = ['commitmeta', 'commit', 'tombstone-commit'];
/** What is named by its content has never been modified. */
const NEVER_MODIFIED = 0;

export function createObjectRoutes({
  repo,
  encoding,
  cache,
  backgroundCompressor,
  cacheVerifier,
  encode,
  counters,
  faults,
  backgroundVerifier,
}: ObjectRoutesContext): ObjectRoutes {
  const plainObject = (checksum: Checksum): PlainFile | undefined => {
    for (const path of archivePaths(repo)) {
      const file = openPlainFile(path, loosePath(checksum, 'filez'));
      if (file !== undefined) return file;
    }
    return undefined;
  };

  const cachedId = encoderId(encoding.cached);
  const onDemandId = encoderId(encoding.onDemand);
  const encodedAnswer = (checksum: Checksum, encoder: string): Answer => ({
    etag: `${checksum}-${encoder}`,
    lastModified: NEVER_MODIFIED,
    // Caches must not keep the large form for ever when the small one is about to follow.
    cacheControl: encoder === cachedId ? IMMUTABLE : BRIEF,
  });

  const sendContent = async (request: FastifyRequest, reply: FastifyReply, checksum: Checksum) => {
    // The cache knows what it has; asking the disk for a file that is not there costs more.
    const cached = cache?.open(checksum);
    if (cached !== undefined) {
      counters.cached += 1;
      backgroundCompressor?.disturb();
      cacheVerifier?.disturb();
      return sendFile(request, reply, cached, encodedAnswer(checksum, cachedId));
    }
    const plain = plainObject(checksum);
    if (plain !== undefined) {
      counters.plain += 1;
      const etag = `${checksum}-${plain.size.toString(16)}-${Math.floor(plain.modified).toString(16)}`;
      const version = `${etag}-${plain.inode}`;
      if (backgroundVerifier.isCorrupt(checksum, version)) {
        closePlainFile(plain);
        throw objectFault(`object ${checksum}.filez`, 'is corrupt, as was found before');
      }
      backgroundVerifier.sent(checksum, version);
      return sendFile(request, reply, plain, { etag, lastModified: plain.modified, cacheControl: IMMUTABLE });
    }
    const answer = encodedAnswer(checksum, onDemandId);
    // The tag follows from the name alone, which proves nothing about the object.
    if (isConditional(request.headers) && (await repo.objects.has({ type: 'file', checksum }))) {
      if (sendIfNotModified(request, reply, answer)) return reply;
    }
    const content = await encode(checksum);
    backgroundCompressor?.add(checksum);
    return Buffer.isBuffer(content)
      ? sendBytes(request, reply, content, answer)
      : sendStream(request, reply, content, answer);
  };

  return {
    async metadata(request, reply, type, checksum) {
      const name = `${checksum}.${type}`;
      try {
        const bytes = await verifiedMetadata(repo.objects, type, checksum);
        return sendBytes(request, reply, bytes, metadataAnswer(type, checksum, bytes));
      } catch (error) {
        const isMissing = isTreeportError(error, 'ERR_OBJECT_MISSING');
        return sendFault(
          reply,
          isMissing ? faults.missing(name, OPTIONAL.includes(type)) : faults.failed(name, error),
        );
      }
    },
    async content(request, reply, checksum) {
      try {
        return await sendContent(request, reply, checksum);
      } catch (error) {
        return sendFault(reply, faults.failed(`${checksum}.filez`, await asDamage(repo, checksum, error)));
      }
    },
  };
}

function metadataAnswer(type: MetadataType, checksum: Checksum, bytes: Buffer): Answer {
  const isNamedByContent = type !== 'commitmeta' && type !== 'tombstone-commit';
  if (isNamedByContent) return { etag: checksum, lastModified: NEVER_MODIFIED, cacheControl: IMMUTABLE };
  return { etag: hash('sha256', bytes), lastModified: undefined, cacheControl: SHORT };
}

/** Directories of the archive repositories in the chain of parents. */
function archivePaths(repo: Repository): readonly string[] {
  const rest = repo.parent === undefined ? [] : archivePaths(repo.parent);
  return repo.mode === 'archive' ? [repo.path, ...rest] : rest;
}

/** An object whose attribute file alone is missing is not absent but damaged: a 404 would hide that. */
async function asDamage(repo: Repository, checksum: Checksum, error: unknown): Promise<unknown> {
  if (!isTreeportError(error, 'ERR_OBJECT_MISSING')) return error;
  const isHere = await repo.objects.has({ type: 'file', checksum }).catch(() => true);
  return isHere ? new Error(error.message) : error;
}
