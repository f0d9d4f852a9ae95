/**
 * Exports a repository of any mode as a plain archive repository for a web server, a bucket or a CDN: exactly
 * the bytes that a server with a warm cache sends. The order is that of an upload: a file appears after all
 * that it leads to, and the summary last, so that clients may pull at any time.
 *
 * Incremental: objects that are there are not written again. They are verified when they are written, and
 * again if `verify` is set or an earlier export was interrupted.
 */
import { pino } from 'pino';
import { eachConcurrently } from '../../base/each-concurrently.ts';
import { checksumOf } from '../../ostree/checksum.ts';
import { type DeltaName, deltaDirectory, deltaKey } from '../../ostree/delta-name.ts';
import {
  archivePath,
  formatObjectName,
  type ObjectName,
  type ObjectType,
  parseObjectName,
} from '../../ostree/object-name.ts';
import { ObjectNames } from '../../ostree/object-names.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import { createDocumentAnswers, type DocumentAnswers } from '../live/document-answers.ts';
import { createLiveRepository } from '../live/live-summary.ts';
import {
  bodyOf,
  bytesOf,
  type Documents,
  PLAIN_REQUEST,
  readDocuments,
  repositoryChanged,
} from './documents.ts';
import { AT_ONCE, METADATA_ORDER, putObject } from './export-objects.ts';
import { ExportTarget } from './export-target.ts';
import { checkFoldedNames } from './folded-names.ts';
import { removeStale } from './remove-stale.ts';

export type ExportOptions = {
  readonly directory: string;
  /** Verify objects that are there as well. */
  readonly verify?: boolean;
  /** Remove objects and deltas that the repository does not have any more. */
  readonly remove?: boolean;
  /** Makes what was written below the path durable. */
  readonly sync: (path: string) => Promise<void>;
  /** Receives each path of the export when its file is there, in the order of upload. */
  readonly onFile?: (path: string) => void | Promise<void>;
};

export type Exported = { readonly written: number; readonly present: number; readonly removed: number };

/** ERR_EXPORT_TARGET, ERR_REPO_CHANGED, ERR_DISK_FULL, and the errors of reading. */
export async function exportRepository(repo: Repository, options: ExportOptions): Promise<Exported> {
  await using target = await ExportTarget.open(options.directory);
  const logger = pino({ level: 'silent' });
  const answers = createDocumentAnswers(repo, createLiveRepository(repo, logger));
  const documents = await readDocuments(repo, answers);
  const deltas = documents.deltas.map(({ name }) => deltaDirectory(name));
  checkFoldedNames(target, [...documents.refs.keys(), ...deltas]);
  const run = new ExportRun(repo, target, options);
  await run.objects();
  for (const { name, superblock } of documents.deltas) await run.delta(answers, name, superblock);
  await run.documents(documents.before);
  await options.sync(target.path);
  await run.documents(documents.refs);
  run.removed += removeStale(target, documents, 'refs');
  await run.documents(documents.summary);
  await options.sync(target.path);
  target.complete();
  if (options.remove === true) run.removed += await removeUnknown(repo, target, documents);
  const { written, present, removed } = run;
  return { written, present, removed };
}

async function removeUnknown(repo: Repository, target: ExportTarget, documents: Documents): Promise<number> {
  const { removeObjects } = await import('./remove-stale.ts');
  return removeStale(target, documents, 'others') + (await removeObjects(repo, target));
}

class ExportRun {
  written = 0;
  present = 0;
  removed = 0;
  readonly #repo: Repository;
  readonly #target: ExportTarget;
  readonly #onFile: (path: string) => void | Promise<void>;
  readonly #verify: boolean;

  constructor(repo: Repository, target: ExportTarget, { verify = false, onFile = () => {} }: ExportOptions) {
    this.#repo = repo;
    this.#target = target;
    this.#onFile = onFile;
    this.#verify = verify || target.wasInterrupted;
  }

  /** Lists the repository once: a commit that is made meanwhile would be exported without its content. */
  async objects(): Promise<void> {
    const metadata = new ObjectNames();
    await this.#put(this.#content(metadata));
    for (const type of METADATA_ORDER) await this.#put(ofType(metadata, type));
  }

  async #put(names: Iterable<ObjectName> | AsyncIterable<ObjectName>): Promise<void> {
    await eachConcurrently(names, AT_ONCE, async (name) => {
      this.#count(await putObject(this.#repo, this.#target, name, this.#verify));
      await this.#onFile(archivePath(name));
    });
  }

  /** Keeps the names of all other objects. */
  async *#content(others: ObjectNames): AsyncGenerator<ObjectName> {
    for await (const name of this.#repo.objects.list()) {
      if (name.type === 'file') yield name;
      else others.add(formatObjectName(name));
    }
  }

  /** Parts first, until one is missing: inline parts have no file. */
  async delta(answers: DocumentAnswers, name: DeltaName, superblock: string): Promise<void> {
    const at = (file: string) => `${deltaDirectory(name)}/${file}`;
    for (let part = 0; ; part += 1) {
      const path = at(String(part));
      const body = await bodyOf(answers.delta(PLAIN_REQUEST, name, String(part)), path);
      if (body === undefined) break;
      this.#count(await this.#target.put(path, body));
      await this.#onFile(path);
    }
    const path = at('superblock');
    const whole = await bytesOf(answers.delta(PLAIN_REQUEST, name, 'superblock'), path);
    if (whole === undefined || checksumOf(whole) !== superblock)
      throw repositoryChanged(this.#repo.path, `delta ${deltaKey(name)} was made again`);
    await this.#putBytes(path, whole);
    await this.#onFile(path);
  }

  /** Removes those without bytes. */
  async documents(documents: ReadonlyMap<string, Buffer | undefined>): Promise<void> {
    for (const [path, bytes] of documents) {
      if (bytes === undefined) {
        this.removed += this.#target.remove(path) ? 1 : 0;
        continue;
      }
      await this.#putBytes(path, bytes);
      await this.#onFile(path);
    }
  }

  async #putBytes(path: string, bytes: Buffer): Promise<void> {
    this.#count(await this.#target.put(path, bytes));
  }

  #count(isWritten: boolean): void {
    if (isWritten) this.written += 1;
    else this.present += 1;
  }
}

function* ofType(names: ObjectNames, type: ObjectType): Generator<ObjectName> {
  for (const text of names) {
    const name = parseObjectName(text);
    if (name.type === type) yield name;
  }
}
