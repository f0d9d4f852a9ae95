/**
 * What a repository answers beside objects, read at one moment: the documents that change, in memory, and the
 * names of its static deltas. Objects are exported after that, so every commit of these refs has its objects;
 * a ref that is set meanwhile is for the next export.
 */
import { buffer } from 'node:stream/consumers';
import { TreeportError } from '../../base/errors.ts';
import { listBeneath } from '../../base/list-beneath.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { type Delta, listDeltas } from '../../ostree/delta-list.ts';
import { deltaIndexPath } from '../../ostree/delta-name.ts';
import { FLATPAK_SUB_SUMMARIES } from '../../ostree/flatpak/index-file.ts';
import { listOfferedRefs } from '../../ostree/offered-refs.ts';
import { listMirrorRefs } from '../../ostree/refs.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import type { Answer, Request } from '../http/answer.ts';
import type { DocumentAnswers } from '../live/document-answers.ts';
import { parseRepoPath } from '../repo-path.ts';

export type Documents = {
  readonly deltas: readonly Delta[];
  /** By path, in the order of upload; without a body what the repository does not have. */
  readonly before: ReadonlyMap<string, Buffer>;
  /** Refs, by path. */
  readonly refs: ReadonlyMap<string, Buffer>;
  /** The summary and its companions, signatures first, the summary last. */
  readonly summary: ReadonlyMap<string, Buffer | undefined>;
};

/** Signatures come before what they sign, because clients fetch them in that order. */
const INDEX_FILES = ['summary.idx.sig', 'summary.idx', 'summary.sig'];
const ATTEMPTS = 5;

export const PLAIN_REQUEST: Request = { method: 'GET', headers: {} };

/** ERR_REPO_CHANGED if the repository keeps changing; the errors of the server's documents. */
export async function readDocuments(repo: Repository, answers: DocumentAnswers): Promise<Documents> {
  let former = await readOnce(repo, answers);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const next = await readOnce(repo, answers);
    if (areSame(former, next)) return next;
    former = next;
  }
  throw repositoryChanged(repo.path, 'its refs and its summary did not stay the same');
}

export function repositoryChanged(path: string, what: string): TreeportError {
  return new TreeportError('ERR_REPO_CHANGED', `the repository ${path} changed while it was read: ${what}`);
}

/** The body of an answer, undefined for 404. */
export async function bodyOf(answer: Answer | Promise<Answer>, path: string): Promise<Answer['body']> {
  const { status, body } = await answer;
  if (status === 200) return body;
  if (status === 404) return undefined;
  throw new TreeportError('ERR_IO', `${path} cannot be read: a server would answer ${status}`);
}

/** The same in memory. */
export async function bytesOf(answer: Answer | Promise<Answer>, path: string): Promise<Buffer | undefined> {
  const body = await bodyOf(answer, path);
  return body === undefined || Buffer.isBuffer(body) ? body : buffer(body);
}

async function readOnce(repo: Repository, answers: DocumentAnswers): Promise<Documents> {
  const deltas = await listDeltas(repo.path, { onSkipped: () => {} });
  const before = new Map<string, Buffer>();
  const refs = new Map<string, Buffer>();
  const summary = new Map<string, Buffer | undefined>();
  const add = async (into: Map<string, Buffer>, path: string, answer: Answer | Promise<Answer>) => {
    const bytes = await bytesOf(answer, path);
    if (bytes !== undefined) into.set(path, bytes);
  };
  for (const to of new Set(deltas.map(({ name }) => name.to)))
    await add(before, deltaIndexPath(to), answers.deltaIndex(PLAIN_REQUEST, to));
  for (const path of companions(repo)) await add(before, path, companion(answers, path));
  await add(before, 'config', answers.config(PLAIN_REQUEST));
  for (const { root, name } of await refNames(repo))
    await add(refs, `${root}/${name}`, answers.ref(PLAIN_REQUEST, root, name));
  for (const path of INDEX_FILES)
    summary.set(path, await bytesOf(answers.summaryFile(PLAIN_REQUEST, path), path));
  summary.set('summary', await bytesOf(answers.summary(PLAIN_REQUEST), 'summary'));
  return { deltas, before, refs, summary };
}

/** flatpak's sub-summaries, and its files at the top of the repository. */
function companions(repo: Repository): readonly string[] {
  const namesIn = (path: string) => (listBeneath(repo.path, path) ?? []).map(({ name }) => name).toSorted();
  const all = [
    ...namesIn(FLATPAK_SUB_SUMMARIES).map((name) => `${FLATPAK_SUB_SUMMARIES}/${name}`),
    ...namesIn(''),
  ];
  return all.filter((path) => isCompanion(path));
}

export function isCompanion(path: string): boolean {
  const target = parseRepoPath(encodeURI(path));
  if (target?.kind === 'flatpak-file') return true;
  return target?.kind === 'summary-file' && path.startsWith(`${FLATPAK_SUB_SUMMARIES}/`);
}

function companion(answers: DocumentAnswers, path: string): Answer | Promise<Answer> {
  return path.startsWith(`${FLATPAK_SUB_SUMMARIES}/`)
    ? answers.summaryFile(PLAIN_REQUEST, path)
    : answers.flatpakFile(PLAIN_REQUEST, path);
}

type RefName = { readonly root: string; readonly name: string };

async function refNames(repo: Repository): Promise<readonly RefName[]> {
  const heads = await listOfferedRefs(repo, { onSkipped: () => {}, onDamaged: () => {} });
  const mirrors = await listMirrorRefs(repo, { onDamaged: () => {} });
  return [
    ...heads.map(({ name }) => ({ root: 'refs/heads', name })),
    ...[...mirrors].flatMap(([id, refs]) =>
      [...refs.keys()].map((name) => ({ root: `refs/mirrors/${id}`, name })),
    ),
  ];
}

function areSame(one: Documents, other: Documents): boolean {
  const sums = ({ deltas }: Documents) => deltas.map(({ superblock }): Checksum => superblock).join();
  return (
    sums(one) === sums(other) &&
    areEqualMaps(one.before, other.before) &&
    areEqualMaps(one.refs, other.refs) &&
    areEqualMaps(one.summary, other.summary)
  );
}

function areEqualMaps(
  one: ReadonlyMap<string, Buffer | undefined>,
  other: ReadonlyMap<string, Buffer | undefined>,
): boolean {
  if (one.size !== other.size) return false;
  return [...one].every(([path, bytes]) => {
    const twin = other.get(path);
    return bytes === undefined || twin === undefined ? bytes === twin : bytes.equals(twin);
  });
}
