import assert from 'node:assert/strict';
import test from 'node:test';
import { type Command, CommanderError } from 'commander';
import { TreeportError } from '../../src/base/errors.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { reportError, USAGE_ERRORS } from '../../src/cli/report.ts';
import { usageError } from '../../src/cli/usage-error.ts';

function verbWords(command: Command, words: readonly string[] = []): readonly (readonly string[])[] {
  return command.commands.flatMap((child) =>
    [child.name(), ...child.aliases()].flatMap((name) => {
      const path = [...words, name];
      return child.commands.length === 0 ? [path] : verbWords(child, path);
    }),
  );
}

/** The message for a command line that commander refuses. */
async function message(args: readonly string[]): Promise<string> {
  const program = await buildProgram(args);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    assert.ok(error instanceof CommanderError, args.join(' '));
    return usageError(error, program, args).message;
  }
  assert.fail(args.join(' '));
}

const VERBS = verbWords(await buildProgram());

test('every verb names an unknown option, whatever else is missing', async () => {
  assert.ok(VERBS.length > 50);
  for (const words of VERBS) {
    const expected = "unknown option '--no-such-option' (see --help)";
    assert.equal(await message([...words, '--no-such-option']), expected, words.join(' '));
  }
});

test('every verb with a repository knows what --rep was meant to be', async () => {
  for (const words of VERBS) {
    const { commands } = await buildProgram(words);
    const verb = words.reduce<readonly Command[]>((below, word) => {
      const found = below.find((child) => child.name() === word || child.aliases().includes(word));
      return found === undefined ? below : found.commands.length === 0 ? [found] : found.commands;
    }, commands);
    if (!verb[0]?.options.some(({ long }) => long === '--repo')) continue;
    assert.match(await message([...words, '--repoo=/']), /^unknown option '--repoo'; did you mean --repo\?/);
  }
});

test('wrong usage is status 2, every other error status 1', (t) => {
  t.mock.method(process.stderr, 'write', () => true);
  const before = process.exitCode;
  t.after(() => {
    process.exitCode = before;
  });
  const statusOf = (code: ConstructorParameters<typeof TreeportError>[0]) => {
    reportError(new TreeportError(code, 'words'));
    return process.exitCode;
  };
  for (const code of USAGE_ERRORS) assert.equal(statusOf(code), 2, code);
  for (const code of ['ERR_REF_MISSING', 'ERR_IMAGE_MISSING', 'ERR_SERVER_CONFIG', 'ERR_INTERNAL'] as const)
    assert.equal(statusOf(code), 1, code);
});
