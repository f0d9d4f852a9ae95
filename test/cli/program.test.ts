import assert from 'node:assert/strict';
import test from 'node:test';
import type { Command } from 'commander';
import { buildProgram, isBrief } from '../../src/cli/program.ts';

/** Verbs that need the whole tree. */
const WHOLE = ['help', 'completion'];

/** The names of every verb and alias of the whole tree, each with its command. */
function verbsOf(command: Command, words: readonly string[] = []): [readonly string[], Command][] {
  return command.commands.flatMap((child) =>
    [child.name(), ...child.aliases()].flatMap((name) => {
      const path = [...words, name];
      return child.commands.length === 0
        ? [[path, child] as [readonly string[], Command]]
        : verbsOf(child, path);
    }),
  );
}

test('a verb is built alone, as it is in the whole tree, under its name and its aliases', async () => {
  const verbs = verbsOf(await buildProgram());
  assert.ok(verbs.length > 15);
  for (const [words, verb] of verbs.filter(([words]) => !WHOLE.includes(words[0] ?? ''))) {
    const alone = new Map(verbsOf(await buildProgram([...words, '--whatever'])));
    const commands = new Set(alone.values());
    assert.equal(commands.size, 1, words.join(' '));
    const [command] = commands;
    assert.equal(command?.name(), verb.name());
    assert.equal(command?.helpInformation(), verb.helpInformation());
  }
});

test('anything else builds the whole tree, which says what there is', async () => {
  const all = (await buildProgram()).helpInformation();
  for (const words of [
    ['--help'],
    ['help'],
    ['help', 'nonsense'],
    ['nonsense'],
    ['repo'],
    ['repo', 'nonsense'],
    ['repo', '--help'],
  ]) {
    assert.equal((await buildProgram(words)).helpInformation(), all, words.join(' '));
  }
});

test('help builds what it shows', async () => {
  const program = await buildProgram(['help', 'repo', 'ls']);
  assert.deepEqual(
    verbsOf(program).map(([words]) => words.join(' ')),
    ['repo ls', 'help'],
  );
});

test('verbs that stream are not brief', () => {
  for (const words of [
    ['diff'],
    ['repo', 'ls'],
    ['--version'],
    ['--help'],
    ['help', 'serve'],
    ['nonsense'],
  ]) {
    assert.equal(isBrief(words), true, words.join(' '));
  }
  for (const words of [['serve'], ['tar', 'export'], ['container', 'import'], ['repo', 'fsck']]) {
    assert.equal(isBrief(words), false, words.join(' '));
  }
});
