/** Everything but objects: config, summary and its companions, refs, static deltas and their indexes. */
import { hash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Checksum } from '../../ostree/checksum.ts';
import { isSignedSuperblock } from '../../ostree/delta-list.ts';
import { type DeltaName, deltaDirectory, deltaIndexPath } from '../../ostree/delta-name.ts';
import { keyfileBoolean, keyfileString } from '../../ostree/keyfile.ts';
import { readRef } from '../../ostree/refs.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import { ARCHIVE_MODE } from '../../ostree/summary-build.ts';
import { REVALIDATE, SHORT } from '../http/caching.ts';
import { closePlainFile, fileStart, honestDate, openPlainFile, type PlainFile } from '../http/plain-file.ts';
import { type Answer, sendBytes, sendFile, sendNotFound } from '../http/reply.ts';
import { FileTags } from './file-tags.ts';
import type { LiveRepository } from './live-summary.ts';

export type Send<Rest extends readonly unknown[]> = (
  request: FastifyRequest,
  reply: FastifyReply,
  ...rest: Rest
) => FastifyReply | Promise<FastifyReply>;

export type DocumentRoutes = {
  readonly config: Send<[]>;
  readonly summary: Send<[]>;
  /** A file of the repository that belongs to the summary. */
  readonly summaryFile: Send<[path: string]>;
  readonly flatpakFile: Send<[path: string]>;
  readonly ref: Send<[root: string, name: string]>;
  readonly delta: Send<[name: DeltaName, file: string]>;
  readonly deltaIndex: Send<[to: Checksum]>;
};

type HowSent = Pick<Answer, 'cacheControl' | 'contentType'>;

const TEXT = 'text/plain; charset=utf-8';
/** Media types that make browsers open such files with flatpak. */
const FLATPAK_REPO = 'application/vnd.flatpak.repo';
const FLATPAK_REF = 'application/vnd.flatpak.ref';

export function createDocumentRoutes(repo: Repository, live: LiveRepository): DocumentRoutes {
  const tags = new FileTags();
  const open = (path: string) => openPlainFile(repo.path, path, { links: 'inside' });
  const sendPlain = async (request: FastifyRequest, reply: FastifyReply, file: PlainFile, how: HowSent) => {
    let etag: string;
    try {
      etag = await tags.of(file);
    } catch (error) {
      closePlainFile(file);
      throw error;
    }
    return sendFile(request, reply, file, { ...how, etag, lastModified: honestDate(file.modified) });
  };
  return {
    config(request, reply) {
      const bytes = Buffer.from(publicConfig(repo));
      const modified = statSync(join(repo.path, 'config'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
      return sendBytes(request, reply, bytes, { ...textAnswer(bytes), lastModified: honestDate(modified) });
    },
    async summary(request, reply) {
      const { bytes, checksum, lastModified } = await live.summary();
      return sendBytes(request, reply, bytes, { etag: checksum, lastModified, cacheControl: REVALIDATE });
    },
    summaryFile(request, reply, path) {
      const file = open(path);
      return file === undefined
        ? sendNotFound(reply)
        : sendPlain(request, reply, file, { cacheControl: REVALIDATE });
    },
    flatpakFile(request, reply, path) {
      const file = open(path);
      if (file === undefined) return sendNotFound(reply);
      const contentType = path.endsWith('ref') ? FLATPAK_REF : FLATPAK_REPO;
      return sendPlain(request, reply, file, { cacheControl: SHORT, contentType });
    },
    async ref(request, reply, root, name) {
      const commit = await (root === 'refs/heads' ? live.ref(name) : readRef(repo, root, name));
      if (commit === undefined) return sendNotFound(reply);
      const bytes = Buffer.from(`${commit}\n`);
      return sendBytes(request, reply, bytes, textAnswer(bytes));
    },
    delta(request, reply, name, part) {
      const isSuperblock = part === 'superblock';
      const file = openPlainFile(repo.path, `${deltaDirectory(name)}/${part}`);
      if (file === undefined) return sendNotFound(reply);
      if (isSuperblock && isSignedSuperblock(fileStart(file))) {
        closePlainFile(file);
        return sendNotFound(reply);
      }
      // A regenerated delta has different parts under the same names.
      return sendPlain(request, reply, file, { cacheControl: isSuperblock ? SHORT : REVALIDATE });
    },
    async deltaIndex(request, reply, to) {
      const file = open(deltaIndexPath(to));
      if (file !== undefined) return sendPlain(request, reply, file, { cacheControl: SHORT });
      const bytes = await live.deltaIndex(to);
      if (bytes === undefined) return sendNotFound(reply);
      return sendBytes(request, reply, bytes, {
        etag: hash('sha256', bytes),
        lastModified: undefined,
        cacheControl: SHORT,
      });
    },
  };
}

function textAnswer(bytes: Buffer): Answer {
  return { etag: hash('sha256', bytes), lastModified: undefined, cacheControl: SHORT, contentType: TEXT };
}

/**
 * The `config` that clients see. It is generated: the repository's own file may hold remotes and their
 * credentials, a parent, and a mode that no client pulls from.
 */
function publicConfig({ config }: Pick<Repository, 'config'>): string {
  const tombstones = keyfileBoolean(config, 'core', 'tombstone-commits');
  const collectionId = keyfileString(config, 'core', 'collection-id');
  const lines = ['[core]', 'repo_version=1', `mode=${ARCHIVE_MODE}`, 'indexed-deltas=true'];
  if (tombstones !== undefined) lines.push(`tombstone-commits=${tombstones}`);
  if (collectionId !== undefined && /^[\w.-]+$/.test(collectionId))
    lines.push(`collection-id=${collectionId}`);
  return `${lines.join('\n')}\n`;
}
