import { type Command, Option } from 'commander';
import { diffCommits } from '../ostree/diff.ts';
import { diffDocument } from './diff-json.ts';
import { diffLines, statLines } from './diff-text.ts';
import { openRepo } from './open-repo.ts';
import { repoOption } from './options.ts';
import { printJson, printText, writeOut } from './output.ts';

type Options = {
  readonly repo: string;
  readonly stat?: boolean;
  readonly json?: boolean;
  readonly patch?: boolean;
};

export function addDiff(program: Command): void {
  program
    .command('diff')
    .description(
      'compare two commits: which paths were modified (M), deleted (D) and added (A), and how they differ',
    )
    .argument('<from>', 'a ref, commit or REF^')
    .argument('<to>', 'a ref, commit or REF^')
    .argument('[subdir]', 'compare only this directory; paths are relative to it')
    .addOption(repoOption())
    .addOption(new Option('--stat', 'print counts and sizes only').conflicts(['json', 'patch']))
    .addOption(new Option('--json', 'print everything as one JSON document').conflicts(['stat', 'patch']))
    .addOption(new Option('-p, --patch', 'print a git patch of text files').conflicts(['stat', 'json']))
    .action(printDiff);
}

async function printDiff(
  from: string,
  to: string,
  subdir: string | undefined,
  options: Options,
): Promise<void> {
  const repo = await openRepo(options.repo);
  const diff = await diffCommits(repo, from, to, subdir === undefined ? {} : { subdir });
  if (options.patch) {
    const { formatDiffPatch } = await import('../ostree/diff-patch.ts');
    for await (const text of formatDiffPatch(repo.objects, diff)) await printText(text);
  } else if (options.json) {
    await printJson(await diffDocument(repo.objects, diff), 2);
  } else {
    const lines = options.stat ? statLines(repo.objects, diff) : diffLines(repo.objects, diff);
    await writeOut(await joined(lines));
  }
}

/**
 * Joins all lines into one string: there are about as many as entries in the diff, which is in memory anyway.
 */
async function joined(lines: AsyncIterable<string>): Promise<string> {
  const text: string[] = [];
  for await (const line of lines) text.push(`${line}\n`);
  return text.join('');
}
