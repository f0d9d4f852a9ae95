import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { quoteName } from '../../src/cli/quote-name.ts';
import { unlessInstalled } from '../support/programs.ts';
import { testFolder } from '../support/small-image.ts';

const NAMES = [
  ...[
    'plain',
    'a b',
    'é',
    'a\u00a0b',
    'x#',
    '#x',
    'x~',
    '~x',
    '{',
    '{a}',
    'a]b',
    'a}b',
    '-x',
    '^a',
    'a,b',
    'x=y',
  ],
  ...[
    "it's",
    "it's $x",
    "'",
    "''",
    "a$'",
    'q"q',
    `'"`,
    'a\\b',
    'a!b',
    'a@b+c',
    'a%b:c',
    'a*b',
    'a?',
    '<',
    '|&;',
  ],
  ...[
    'a\nb',
    '\nb',
    'b\n',
    '\n',
    "'\n",
    'tab\there',
    'a\n\u001bb\n',
    'a\u001b[31mred',
    'a\u0085b',
    '\u2028',
    '\u007f',
  ],
];

test('names are quoted as GNU ls quotes them', { skip: unlessInstalled('ls', 'bash') }, async (t) => {
  const folder = await testFolder(t);
  for (const name of NAMES) await writeFile(join(folder, name), '');
  for (const name of NAMES) {
    const words = ['-d', '--quoting-style=shell-escape', '--', name];
    const shown = execFileSync('ls', words, { cwd: folder, env: { ...process.env, LC_ALL: 'C.UTF-8' } });
    assert.equal(quoteName(name), shown.toString().slice(0, -1));
  }
});

test('what is shown is the name again when a shell reads it', { skip: unlessInstalled('bash') }, () => {
  for (const name of [...NAMES, "\n'", '', 'a\u202eb', 'a\u2066b', '\u200f']) {
    const shown = quoteName(name);
    assert.doesNotMatch(shown, /[\p{Cc}\u2028\u202e\u2066\u200f]/u);
    assert.equal(execFileSync('bash', ['-c', `printf %s ${shown}`]).toString(), name);
  }
});
