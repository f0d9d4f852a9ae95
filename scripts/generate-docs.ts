/**
 * Writes docs/cli.md from the command tree, docs/errors.md from the table of error codes, and the table of
 * options in docs/operations/run.md from src/cli/serve-options.ts. With --check it writes nothing and fails
 * if a file is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { ERROR_CODES } from '../src/base/error-codes.ts';
import { buildProgram } from '../src/cli/program.ts';
import { USAGE_ERRORS } from '../src/cli/report.ts';
import { optionName, SERVE_OPTION_KEYS, SERVE_OPTIONS, variableName } from '../src/cli/serve-options.ts';
import { describedOption } from './option-text.ts';

const ROOT = join(import.meta.dirname, '..');
const RUN_PAGE = 'docs/operations/run.md';

/** The generated files: path relative to the project's folder, and text. */
export async function generatedDocs(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ['docs/cli.md', cliDoc(await buildProgram())],
    ['docs/errors.md', errorsDoc()],
    [RUN_PAGE, withServeOptions(readFileSync(join(ROOT, RUN_PAGE), 'utf8'))],
  ]);
}

function cliDoc(program: Command): string {
  const intro = `# The commands

<!-- Generated from src/cli/ by scripts/generate-docs.ts. -->

Results go to stdout; progress and errors go to stderr. An error is one line,
\`treeport: CODE: message\`, with one of the codes of [errors.md](errors.md). What verbs print with
\`--json\` is described by JSON schemas in [schemas/](schemas/); their titles name the verbs.
\`TREEPORT_DEBUG=1\` adds stack traces.

| exit status | meaning |
|---|---|
| 0 | success |
| 1 | error |
| 2 | invalid command line: ${USAGE_ERRORS.map((code) => `\`${code}\``).join(', ')} |
| 128 + N | ended by signal N |
`;
  return [intro, ...verbs(program, [])].join('\n');
}

/** One section per command with an action, depth first. */
function verbs(command: Command, groups: readonly string[]): string[] {
  const words = [...groups, command.name()];
  if (command.commands.length === 0) return [verbSection(command, words)];
  return command.commands.flatMap((child) => verbs(child, words));
}

function verbSection(command: Command, words: readonly string[]): string {
  const names = [...words.slice(0, -1)].join(' ');
  const aliases = command.aliases().map((alias) => `\`${names} ${alias}\``);
  const parts = [
    `## ${words.join(' ')}`,
    wrapped(sentence(command.description())),
    aliases.length === 0 ? '' : `Also: ${aliases.join(', ')}.`,
    `\`\`\`\n${names} ${command.name()} ${command.usage()}\n\`\`\``,
    table(
      ['argument', 'meaning'],
      command.registeredArguments.map((argument) => [argument.name(), argument.description]),
    ),
    table(
      ['option', 'meaning'],
      command.options
        .filter(({ hidden }) => !hidden)
        .map((option) => [option.flags, describedOption(option)]),
    ),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** Wraps prose at the columns of Markdown pages. */
function wrapped(text: string): string {
  return text.replaceAll(/(.{1,100})(?:\s+|$)/g, '$1\n').trimEnd();
}

function table(head: readonly [string, string], rows: readonly (readonly [string, string])[]): string {
  if (rows.length === 0) return '';
  const lines = rows.map(([name, meaning]) => `| \`${cell(name)}\` | ${cell(meaning)} |`);
  return [`| ${head.join(' | ')} |`, '|---|---|', ...lines].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return capital.endsWith('.') ? capital : `${capital}.`;
}

function errorsDoc(): string {
  const intro = `# The error codes

<!-- Generated from src/base/error-codes.ts by scripts/generate-docs.ts. -->

Every error of the command line and of the library carries one of these codes. Codes are never
renamed or reused.
`;
  return `${intro}\n${table(['code', 'meaning'], Object.entries(ERROR_CODES))}\n`;
}

/** Replaces the table of options between its two comments. */
function withServeOptions(page: string): string {
  const rows = SERVE_OPTION_KEYS.map((key) => {
    const { description, choices, imageDefault, default: fallback = 'none' } = SERVE_OPTIONS[key];
    const name = optionName(key);
    const meaning = choices === undefined ? description : `${description}: ${choices.join(', ')}`;
    const value =
      imageDefault === undefined ? fallback : `${imageDefault}; ${fallback} for \`treeport serve\``;
    return `| \`--${name}\` | \`${variableName(name)}\` | ${cell(meaning)} | ${value} |`;
  });
  const table = ['| option | variable | meaning | default |', '|---|---|---|---|', ...rows].join('\n');
  return page.replace(
    /(<!-- serve options: [^>]*-->\n)[\s\S]*?(<!-- end -->)/,
    (_all, start: string, end: string) => `${start}\n${table}\n\n${end}`,
  );
}

if (import.meta.main) {
  for (const [path, text] of await generatedDocs()) {
    const file = join(ROOT, path);
    if (process.argv[2] !== '--check') writeFileSync(file, text);
    else if (readFileSync(file, 'utf8') !== text) {
      console.error(`${path} is out of date: run npm run docs`);
      process.exitCode = 1;
    }
  }
}
