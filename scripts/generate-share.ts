/**
 * Writes what systems keep below /usr/share into dist/share: manual pages and completion scripts of bash, zsh
 * and fish, where these shells look for them. npm run build does this.
 *
 * The date of the pages is SOURCE_DATE_EPOCH, else that of the last commit.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { VERSION } from '../src/base/version.ts';
import { completionScript } from '../src/cli/completion.ts';
import { buildProgram } from '../src/cli/program.ts';
import { codeLines } from '../test/support/markdown.ts';
import { shellWords } from '../test/support/shell-words.ts';
import { manPages } from './man-page.ts';

const ROOT = join(import.meta.dirname, '..');
const MOST_EXAMPLES = 4;

/** The files: path relative to the share directory, and text. */
export async function sharedFiles(date: string): Promise<ReadonlyMap<string, string>> {
  const program = await buildProgram();
  const pages = manPages(program, { date, version: VERSION, examples: examples() });
  return new Map([
    ...[...pages].map(([name, text]): [string, string] => [`man/man1/${name}`, text]),
    ['bash-completion/completions/treeport', await completionScript('bash', program)],
    ['zsh/site-functions/_treeport', await completionScript('zsh', program)],
    ['fish/vendor_completions.d/treeport.fish', await completionScript('fish', program)],
  ]);
}

/** The first command lines of the documentation for each verb. */
function examples(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  const pages = ['README.md', ...globSync('docs/{*,operations/*}.md', { cwd: ROOT }).toSorted()];
  const lines = pages.flatMap((page) => codeLines(readFileSync(join(ROOT, page), 'utf8')));
  for (const line of lines.map((each) => each.trim())) {
    if (!line.startsWith('treeport ') || shellWords(line).length > 1) continue;
    const verb = line.split(' ').slice(0, 3).join(' ');
    const short = line.split(' ').slice(0, 2).join(' ');
    for (const words of [verb, short]) {
      const known = found.get(words) ?? [];
      if (known.length < MOST_EXAMPLES && !known.includes(line)) found.set(words, [...known, line]);
    }
  }
  return found;
}

/** YYYY-MM-DD. */
function date(): string {
  const last = () => spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: ROOT, encoding: 'utf8' }).stdout;
  const seconds = Number(process.env.SOURCE_DATE_EPOCH ?? last()) || Date.now() / 1000;
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

if (import.meta.main) {
  const share = join(ROOT, 'dist/share');
  rmSync(share, { recursive: true, force: true });
  for (const [path, text] of await sharedFiles(date())) {
    mkdirSync(dirname(join(share, path)), { recursive: true });
    writeFileSync(join(share, path), text);
  }
}
