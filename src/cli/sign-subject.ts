/**
 * What `sign list`, `verify` and `delete` are about: a commit, or with `--summary` the summary, and flatpak's
 * index if the repository has one.
 */
import { type Command, Option } from 'commander';
import { TreeportError } from '../base/errors.ts';
import type { SignedData } from '../ostree/sign/signed-commit.ts';
import { openAnyRepo } from './open-repo.ts';
import { repoOption } from './options.ts';

export type SubjectOptions = { readonly repo: string; readonly summary?: boolean };

export function addSubject(command: Command): Command {
  return command
    .argument('[revision]', 'a ref, commit or REF^; or give --summary')
    .addOption(repoOption())
    .addOption(
      new Option(
        '--summary',
        "the signatures of the summary, and of flatpak's index, instead of those of a commit",
      ),
    );
}

/** The commit, or the summary and the index, with signatures; ERR_USAGE unless exactly one is named. */
export async function readSubject(
  revision: string | undefined,
  { repo: path, summary }: SubjectOptions,
): Promise<readonly SignedData[]> {
  const { loadCommitHead } = await import('../container/import/verify-signatures.ts');
  const { resolveRevision } = await import('../ostree/revision.ts');
  const { signedCommit } = await import('../ostree/sign/signed-commit.ts');
  const { readSummaryFiles } = await import('../signing/sign-files.ts');
  if ((revision !== undefined) === (summary === true))
    throw new TreeportError('ERR_USAGE', 'name either a revision or --summary');
  const repo = await openAnyRepo(path);
  if (revision === undefined) return readSummaryFiles(repo.path);
  const { commit, bytes, detached } = await loadCommitHead(
    repo.objects,
    await resolveRevision(repo, revision),
  );
  return [signedCommit(commit, bytes, detached)];
}
