import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import type { Command } from 'commander';
import { generatedDocs } from '../../scripts/generate-docs.ts';
import { messageOf } from '../../src/base/errors.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { anchors, codeLines, codeSpans, links } from '../support/markdown.ts';
import { manifest, projectFiles, projectText, ROOT } from '../support/project.ts';
import { shellWords } from '../support/shell-words.ts';

const PAGES = projectFiles('*.md', '{docs,k8s,deploy,bench}/**/*.md');
/** These pages show bytes, not commands. */
const FORMATS = 'docs/formats/';
const DECISIONS = 'docs/decisions/';
const GENERATED = await generatedDocs();
const HAND_WRITTEN = PAGES.filter((path) => !GENERATED.has(path));
const PROGRAM = await buildProgram();

/** The real command tree, with actions that do nothing. */
async function idleProgram(): Promise<Command> {
  const makeIdle = (command: Command): void => {
    if (command.commands.length === 0) command.action(() => {});
    for (const child of command.commands) makeIdle(child);
  };
  const program = await buildProgram();
  makeIdle(program);
  return program;
}

/** Commander's error for a command line, or undefined. */
async function complaint(words: readonly string[]): Promise<string | undefined> {
  try {
    const program = await idleProgram();
    await program.parseAsync(words, { from: 'user' });
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

test('the generated pages are what npm run docs writes', () => {
  for (const [path, text] of GENERATED) assert.equal(projectText(path), text, `${path}: run npm run docs`);
});

test('each decision has a number of its own, in its name and its title', () => {
  const decisions = PAGES.filter((path) => path.startsWith(DECISIONS));
  const numbers = decisions.map((path) => Number(path.slice(DECISIONS.length, DECISIONS.length + 4)));
  assert.deepEqual(
    numbers.filter((number, index) => numbers.indexOf(number) !== index),
    [],
  );
  const titled = decisions.map((path) => Number(/^# (\d+)\. /.exec(projectText(path))?.[1]));
  assert.deepEqual(titled, numbers);
});

for (const page of HAND_WRITTEN) {
  test(`${page}: every treeport command line is one that treeport takes`, async () => {
    for (const line of codeLines(projectText(page))) {
      for (const words of shellWords(line)) {
        if (words[0] !== 'treeport') continue;
        assert.equal(await complaint(words.slice(1)), undefined, line);
      }
    }
  });

  test(`${page}: every source file it mentions exists`, () => {
    const paths = codeSpans(projectText(page)).filter((text) =>
      /^(?:src|test|scripts)\/[a-z0-9/._-]+$/.test(text),
    );
    assert.deepEqual(
      paths.filter((path) => !existsSync(join(ROOT, path))),
      [],
    );
  });

  test(`${page}: every verb it mentions exists`, () => {
    const spans = page.startsWith(FORMATS) ? [] : codeSpans(projectText(page));
    for (const span of spans.filter((text) => text.startsWith('treeport '))) {
      assert.equal(unknownVerb(span.split(/\s+/).slice(1)), undefined, span);
    }
  });

  test(`${page}: every npm script it mentions exists`, () => {
    const { scripts } = manifest();
    for (const [, name] of projectText(page).matchAll(/npm run ([a-z0-9:-]+)/g)) {
      assert.ok(scripts[name as string], `npm run ${name}`);
    }
  });

  test(`${page}: every link to a file leads to one`, () => {
    for (const link of links(projectText(page)).filter((target) => !/^[a-z]+:|^#/.test(target))) {
      assert.ok(existsSync(join(ROOT, dirname(page), link.replace(/#.*/, ''))), link);
    }
  });

  test(`${page}: every link to a heading leads to one`, () => {
    for (const link of links(projectText(page)).filter((target) => /^[^:]*#/.test(target))) {
      const [file, anchor] = link.split('#') as [string, string];
      const target = file === '' ? page : join(dirname(page), file);
      assert.ok(anchors(projectText(target)).includes(anchor), link);
    }
  });
}

/** The first word that should be a verb but is not. */
function unknownVerb(words: readonly string[]): string | undefined {
  const command = { at: PROGRAM };
  for (const word of words) {
    if (command.at.commands.length === 0 || word.startsWith('-')) return undefined;
    const next = command.at.commands.find((child) => child.name() === word || child.aliases().includes(word));
    if (next === undefined) return word;
    command.at = next;
  }
  return undefined;
}
