/**
 * A history of real package updates: between a Debian system as released and the same system with its updates
 * (debian-history.ts), one commit for each package that changed, with its files, its records in dpkg's
 * database and its paragraph of `status`. What else changed, such as caches, changes with the first update,
 * and what belongs to a kernel with the kernel.
 */
import type { Checksum } from '../src/ostree/checksum.ts';
import { type Commit, serializeCommit } from '../src/ostree/commit.ts';
import { contentHead } from '../src/ostree/object-source.ts';
import { ArchiveWriter } from '../src/ostree/repo/archive-writer.ts';
import { openRepository, type Repository } from '../src/ostree/repo/open.ts';
import { loadCommit, resolveRevision } from '../src/ostree/revision.ts';
import { readOwnership } from '../src/packages/read-packages.ts';
import { run } from './command.ts';
import { debianHistory } from './debian-history.ts';
import { mergeTrees } from './merge-trees.ts';
import { prepared } from './storage.ts';
import { STATUS, UpdateSteps } from './update-steps.ts';

/** Of {@link UPDATES_REF}; {@link NEXT_REF} has one update more. */
export const HISTORY_COMMITS = 20;
export const UPDATES_REF = 'debian/updates';
export const NEXT_REF = 'debian/next';

const [RELEASED, UPDATED] = ['history/1-released', 'history/2-updates'] as const;

/** An archive repository with the two refs. */
export function packageHistory(): Promise<string> {
  return prepared('repos/package-updates', async (path) => {
    const parent = await debianHistory();
    const writer = await ArchiveWriter.create(path);
    await run(['ostree', `--repo=${path}`, 'pull-local', parent, RELEASED, UPDATED]);
    const repo = await openRepository(path);
    const history = await PackageHistory.read(repo, writer);
    const first = await resolveRevision(repo, RELEASED);
    const state = { commit: first };
    for (let update = 1; update <= HISTORY_COMMITS; update += 1) {
      if (update === HISTORY_COMMITS) await writer.ref(UPDATES_REF, state.commit);
      state.commit = await history.commit(update, state.commit);
    }
    await writer.ref(NEXT_REF, state.commit);
    const last = await loadCommit(repo, state.commit);
    if (last.rootTree !== history.after.rootTree)
      throw new Error('the last of the updates does not make the updated system');
    for (const ref of [RELEASED, UPDATED]) await run(['ostree', `--repo=${path}`, 'refs', '--delete', ref]);
    await run(['ostree', `--repo=${path}`, 'prune', '--refs-only']);
  });
}

class PackageHistory {
  readonly before: Commit;
  readonly after: Commit;
  readonly #repo: Repository;
  readonly #writer: ArchiveWriter;
  readonly #steps: UpdateSteps;

  private constructor(
    repo: Repository,
    writer: ArchiveWriter,
    [before, after]: [Commit, Commit],
    steps: UpdateSteps,
  ) {
    this.#repo = repo;
    this.#writer = writer;
    this.before = before;
    this.after = after;
    this.#steps = steps;
  }

  static async read(repo: Repository, writer: ArchiveWriter): Promise<PackageHistory> {
    const load = async (ref: string) => loadCommit(repo, await resolveRevision(repo, ref));
    const [before, after] = [await load(RELEASED), await load(UPDATED)];
    const [old, next] = [await readOwnership(repo.objects, before), await readOwnership(repo.objects, after)];
    return new PackageHistory(repo, writer, [before, after], new UpdateSteps([old, next], HISTORY_COMMITS));
  }

  /** Commits the system with the first updates, so many. */
  async commit(update: number, parent: Checksum): Promise<Checksum> {
    const root = (commit: Commit) => ({ tree: commit.rootTree, meta: commit.rootMeta });
    const status = await this.#status(update);
    const { tree, meta } = await mergeTrees(
      this.#repo.objects,
      this.#writer,
      { before: root(this.before), after: root(this.after) },
      (path, before, after) => {
        if (path === STATUS) return status;
        return this.#steps.ofPath(path) <= update ? after : before;
      },
    );
    const subject = `Update ${this.#steps.names(update)}`;
    const { timestamp } = this.after;
    const commit = {
      metadata: new Map(),
      parent,
      subject,
      body: '',
      timestamp,
      rootTree: tree,
      rootMeta: meta,
    };
    return this.#writer.metadata('commit', serializeCommit(commit));
  }

  async #status(update: number): Promise<Checksum> {
    const [before, after] = [await this.#steps.status(0), await this.#steps.status(1)];
    const paragraphs = [...new Set([...after.keys(), ...before.keys()])].flatMap((name) => {
      const paragraph = (this.#steps.ofPackage(name) <= update ? after : before).get(name);
      return paragraph === undefined ? [] : [paragraph];
    });
    const { header } = await contentHead(this.#repo.objects, await this.#steps.statusObject());
    return this.#writer.file(header, Buffer.from(`${paragraphs.join('\n\n')}\n\n`));
  }
}
