import assert from 'node:assert/strict';
import test from 'node:test';
import { completedCommands, SHELLS } from '../../src/cli/completion/spec.ts';
import { completionScript } from '../../src/cli/completion.ts';
import { buildProgram } from '../../src/cli/program.ts';

const PROGRAM = await buildProgram();
const COMMANDS = completedCommands(PROGRAM);

function commandOf(path: string) {
  const found = COMMANDS.find(({ paths }) => paths.includes(path));
  assert.ok(found, path);
  return found;
}

test('values are completed by what their placeholders and arguments are called', () => {
  const argumentsOf = (path: string) => commandOf(path).args.map(({ value }) => Object.values(value)[0]);
  assert.deepEqual(argumentsOf('repo ls'), ['ref', 'text']);
  assert.deepEqual(argumentsOf('diff'), ['ref', 'ref', 'text']);
  assert.deepEqual(argumentsOf('snapshot diff'), ['image', 'image']);
  assert.deepEqual(argumentsOf('container import'), ['image']);
  assert.deepEqual(argumentsOf('mirror build'), ['ref-or-image']);
  assert.deepEqual(argumentsOf('completion'), [['bash', 'zsh', 'fish']]);
  assert.deepEqual(argumentsOf('delta verify'), ['delta']);
  const options = new Map(
    ['container export', 'serve', 'sign verify'].flatMap((path) =>
      commandOf(path).options.map(({ names, value }) => [names.at(-1), value]),
    ),
  );
  assert.deepEqual(options.get('--repo'), { kind: 'directory' });
  assert.deepEqual(options.get('--authfile'), { kind: 'file' });
  assert.deepEqual(options.get('--previous-build'), { kind: 'image' });
  assert.deepEqual(options.get('--remote'), { kind: 'remote' });
  assert.deepEqual(options.get('--packing'), { choices: ['compatible', 'stable', 'single'] });
  assert.deepEqual(options.get('--base-path'), { kind: 'text' });
  assert.equal(options.get('--dry-run'), undefined);
});

test('every verb and alias is in the script of each shell, and no place is left', async () => {
  for (const shell of SHELLS) {
    const script = await completionScript(shell, PROGRAM);
    assert.doesNotMatch(script, /@[A-Z]+@/, shell);
    for (const path of COMMANDS.flatMap(({ paths }) => paths)) assert.ok(script.includes(path), path);
    assert.match(script, /\n$/);
  }
});
