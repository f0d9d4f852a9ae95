import type { Command } from 'commander';
import { TreeportError } from '../base/errors.ts';
import type { CommitFiles } from '../packages/commit-files.ts';
import { repoOption } from './options.ts';
import { printJson, printNames, shownName } from './output.ts';
import { openRevision, type PackagesOptions, packagesOption, readOptions } from './packages-options.ts';

type Options = PackagesOptions & { readonly json?: boolean };

/** The owner of one path. */
type Answer = {
  readonly path: string;
  readonly component?: string;
  readonly packages: readonly string[];
  readonly why?: string;
};

export function addPackagesOwner(group: Command): void {
  group
    .command('owner')
    .description('tell which package of a commit owns a path, or the files directly in a directory')
    .argument('<revision>', 'a ref, commit or REF^')
    .argument('<path...>', 'files, symlinks or directories; as packages list them, or as the commit has them')
    .addOption(repoOption())
    .addOption(packagesOption())
    .option('--json', 'print everything as one JSON document')
    .action(printOwners);
}

async function printOwners(revision: string, paths: readonly string[], options: Options): Promise<void> {
  const { readOwnership } = await import('../packages/read-packages.ts');
  const { repo, commit } = await openRevision(revision, options);
  const { files, owners, components } = await readOwnership(repo.objects, commit, readOptions(options));
  const answers: Answer[] = [];
  for (const path of paths) {
    for (const found of await filesAt(files, path)) {
      const owner = owners.get(found);
      const component = components.get(found)?.name;
      answers.push({
        path: found,
        ...(component === undefined ? {} : { component }),
        packages: owner?.packages.map(({ id }) => id) ?? [],
        ...(owner === undefined ? {} : { why: owner.why }),
      });
    }
  }
  if (options.json) return printJson(answers, 2);
  for (const answer of answers) await printNames(`${shownName(answer.path)}: ${ownerText(answer)}`);
}

/** ERR_PATH_MISSING if there is nothing at `path`. */
async function filesAt(files: CommitFiles, path: string): Promise<readonly string[]> {
  const { locate } = await import('../packages/commit-paths.ts');
  const absolute = `/${path.replace(/^\/+|\/+$/g, '')}`;
  const file = await locate(files, absolute);
  if (file !== undefined) return [file.path];
  const directory = await files.directory(absolute);
  if (directory !== undefined) return [...directory.files.values()].map((found) => found.path);
  throw new TreeportError('ERR_PATH_MISSING', `no ${absolute} in the commit`);
}

function ownerText({ component, packages, why }: Answer): string {
  const names = packages.length === 0 ? 'no package' : packages.join(', ');
  const how = why === undefined || why === 'listed' ? names : `${names} (${why})`;
  return component === undefined ? how : `component ${component}, ${how}`;
}
