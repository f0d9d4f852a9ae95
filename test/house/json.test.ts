import assert from 'node:assert/strict';
import test from 'node:test';
import type { Command } from 'commander';
import { buildProgram } from '../../src/cli/program.ts';
import { schemaOfVerb, schemaTitles } from '../support/schemas.ts';

/** They write bytes, patches or files, or change something and say so; what they print is no data. */
const WITHOUT_FACTS = [
  'repo cat',
  'repo export',
  'snapshot export',
  'summary update',
  'sign commit',
  'sign summary',
  'sign delete',
  'sign keygen',
  'tar export',
  'serve',
  'demo',
  'help',
  'completion',
];

function verbs(command: Command, words: readonly string[] = []): readonly (readonly [string, Command])[] {
  return command.commands.flatMap((child) => {
    const path = [...words, child.name()];
    return child.commands.length === 0 ? [[path.join(' '), child] as const] : verbs(child, path);
  });
}

const VERBS = verbs(await buildProgram());
const WITH_JSON = VERBS.filter(([, command]) => command.options.some(({ long }) => long === '--json'));

test('every verb with facts has --json', () => {
  const without = VERBS.filter((verb) => !WITH_JSON.includes(verb)).map(([words]) => words);
  assert.deepEqual(without.toSorted(), WITHOUT_FACTS.toSorted());
});

test('every verb with --json has a schema, and every schema is of such verbs', () => {
  for (const [words] of WITH_JSON) assert.ok(schemaOfVerb(words), `no title in docs/schemas names ${words}`);
  const known = new Set(WITH_JSON.map(([words]) => `treeport ${words} --json`));
  for (const title of schemaTitles()) assert.ok(known.has(title), title);
});
