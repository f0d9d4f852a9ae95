/** Answers requests for everything but objects: config, summary and its companions, refs, static deltas. */
import { hash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { readBeneath } from '../../base/open-beneath.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { isSignedSuperblock } from '../../ostree/delta-list.ts';
import { type DeltaName, deltaDirectory, deltaIndexPath } from '../../ostree/delta-name.ts';
import { keyfileBoolean, keyfileString } from '../../ostree/keyfile.ts';
import { MAX_METADATA_BYTES } from '../../ostree/limits.ts';
import { readRef } from '../../ostree/refs.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import { ARCHIVE_MODE } from '../../ostree/summary-build.ts';
import {
  type Answer,
  bytesAnswer,
  fileAnswer,
  notFoundAnswer,
  type Representation,
  type Request,
} from '../http/answer.ts';
import { REVALIDATE, SHORT } from '../http/caching.ts';
import { closePlainFile, fileStart, honestDate, openPlainFile, type PlainFile } from '../http/plain-file.ts';
import { FileTags } from './file-tags.ts';
import type { LiveRepository } from './live-summary.ts';
import type { VirtualAnswers } from './virtual-answers.ts';

export type Answering<Rest extends readonly unknown[]> = (
  request: Request,
  ...rest: Rest
) => Answer | Promise<Answer>;

export type DocumentAnswers = {
  readonly config: Answering<[]>;
  readonly summary: Answering<[]>;
  /** A file of the repository that belongs to the summary. */
  readonly summaryFile: Answering<[path: string]>;
  readonly flatpakFile: Answering<[path: string]>;
  readonly ref: Answering<[root: string, name: string]>;
  readonly delta: Answering<[name: DeltaName, file: string]>;
  readonly deltaIndex: Answering<[to: Checksum]>;
};

type Freshness = Pick<Representation, 'cacheControl' | 'contentType'>;

const TEXT = 'text/plain; charset=utf-8';
const LIMITED = { links: 'inside', maxBytes: MAX_METADATA_BYTES } as const;
/** Media types that make browsers open such files with flatpak. */
const FLATPAK_REPO = 'application/vnd.flatpak.repo';
const FLATPAK_REF = 'application/vnd.flatpak.ref';

export function createDocumentAnswers(
  repo: Repository,
  live: LiveRepository,
  virtual?: VirtualAnswers,
): DocumentAnswers {
  const tags = new FileTags();
  const open = (path: string) => openPlainFile(repo.path, path, { links: 'inside' });
  const answerPlain = async (request: Request, file: PlainFile, freshness: Freshness): Promise<Answer> => {
    let etag: string;
    try {
      etag = await tags.of(file);
    } catch (error) {
      closePlainFile(file);
      throw error;
    }
    return fileAnswer(request, file, { ...freshness, etag, lastModified: honestDate(file.modified) });
  };
  return {
    config(request) {
      const bytes = Buffer.from(publicConfig(repo));
      const modified = statSync(join(repo.path, 'config'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
      return bytesAnswer(request, bytes, { ...textForm(bytes), lastModified: honestDate(modified) });
    },
    async summary(request) {
      const { bytes, checksum, lastModified } = await live.summary();
      return bytesAnswer(request, bytes, { etag: checksum, lastModified, cacheControl: REVALIDATE });
    },
    async summaryFile(request, path) {
      const made = await live.madeSignatures(path);
      if (made !== undefined) {
        const of = { etag: hash('sha256', made), lastModified: undefined, cacheControl: REVALIDATE };
        return bytesAnswer(request, made, of);
      }
      const file = open(path);
      return file === undefined ? notFoundAnswer() : answerPlain(request, file, { cacheControl: REVALIDATE });
    },
    flatpakFile(request, path) {
      const file = open(path);
      if (file === undefined) return notFoundAnswer();
      const contentType = path.endsWith('ref') ? FLATPAK_REF : FLATPAK_REPO;
      return answerPlain(request, file, { cacheControl: SHORT, contentType });
    },
    async ref(request, root, name) {
      const commit = await (root === 'refs/heads' ? live.ref(name) : readRef(repo, root, name));
      if (commit === undefined) return notFoundAnswer();
      const bytes = Buffer.from(`${commit}\n`);
      return bytesAnswer(request, bytes, textForm(bytes));
    },
    async delta(request, name, part) {
      const isSuperblock = part === 'superblock';
      const file = openPlainFile(repo.path, `${deltaDirectory(name)}/${part}`);
      if (file === undefined) return (await virtual?.file(request, name, part)) ?? notFoundAnswer();
      if (isSuperblock && isSignedSuperblock(fileStart(file))) {
        closePlainFile(file);
        return notFoundAnswer();
      }
      // A regenerated delta has different parts under the same names.
      return answerPlain(request, file, { cacheControl: isSuperblock ? SHORT : REVALIDATE });
    },
    async deltaIndex(request, to) {
      const path = deltaIndexPath(to);
      if (virtual !== undefined) {
        const carried = readBeneath(repo.path, path, LIMITED) ?? (await live.deltaIndex(to));
        const answer = await virtual.index(request, to, carried);
        if (answer !== undefined) return answer;
      }
      const file = open(path);
      if (file !== undefined) return answerPlain(request, file, { cacheControl: SHORT });
      const bytes = await live.deltaIndex(to);
      if (bytes === undefined) return notFoundAnswer();
      return bytesAnswer(request, bytes, {
        etag: hash('sha256', bytes),
        lastModified: undefined,
        cacheControl: SHORT,
      });
    },
  };
}

function textForm(bytes: Buffer): Representation {
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
