import assert from 'node:assert/strict';
import test from 'node:test';
import { projectFiles, projectText } from '../support/project.ts';

const CODE_COLUMNS = 110;
const PROSE_COLUMNS = 100;
const SOURCES = projectFiles('{src,test,scripts,bench}/**/*.ts').filter(
  (path) => !path.startsWith('test/fixtures/'),
);
const SHELL = projectFiles('scripts/*', '.ci/run', '{deploy,k8s,scripts}/**/*.sh').filter(
  (path) => !path.endsWith('.ts'),
);
const PAGES = projectFiles('*.md', '{docs,k8s,deploy,bench}/**/*.md');

/** The lines of a file that are too long, as `path:line`. */
function longLines(path: string, columns: number, canBeBroken: (line: string) => boolean): string[] {
  const lines = projectText(path).split('\n');
  return lines.flatMap((line, index) =>
    [...line].length > columns && canBeBroken(line) ? [`${path}:${index + 1}`] : [],
  );
}

/** A line of a comment with more than one word. The formatter wraps the code itself. */
function isComment(line: string): boolean {
  return /^\s*(?:\/\*\*|\*|\/\/)\s+\S+\s+\S/.test(line);
}

/** The lines of a page, as `path:line` and text, without code blocks, tables and headings. */
function proseLines(path: string): { readonly at: string; readonly text: string }[] {
  const prose: { readonly at: string; readonly text: string }[] = [];
  let isCode = false;
  for (const [index, text] of projectText(path).split('\n').entries()) {
    const isFence = /^\s*```/.test(text);
    if (isFence) isCode = !isCode;
    if (!isFence && !isCode && !/^\s*(?:\||#)/.test(text)) prose.push({ at: `${path}:${index + 1}`, text });
  }
  return prose;
}

/** A line that is too long even without the targets of its links, and has a place to break it. */
function isLongProse(line: string): boolean {
  return line.replaceAll(/\]\([^)]*\)/g, ']').length > PROSE_COLUMNS && /\S\s+\S+\s+\S/.test(line);
}

/** A line that is too long even without its quoted strings, which may be messages. */
function isLongCommand(line: string): boolean {
  return line.replaceAll(/'[^']*'|"[^"]*"/g, '').length > CODE_COLUMNS;
}

test(`comments wrap at ${CODE_COLUMNS} columns`, () => {
  assert.deepEqual(
    SOURCES.flatMap((path) => longLines(path, CODE_COLUMNS, isComment)),
    [],
  );
});

test(`Markdown wraps at ${PROSE_COLUMNS} columns`, () => {
  assert.deepEqual(
    PAGES.flatMap((path) => proseLines(path).flatMap(({ at, text }) => (isLongProse(text) ? [at] : []))),
    [],
  );
});

test(`shell scripts wrap at ${CODE_COLUMNS} columns`, () => {
  assert.ok(SHELL.includes('scripts/setup') && SHELL.includes('scripts/test'));
  assert.deepEqual(
    SHELL.flatMap((path) => longLines(path, CODE_COLUMNS, isLongCommand)),
    [],
  );
});
