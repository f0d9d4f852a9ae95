import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { commandBlocks, DOCUMENTED, proofOf } from '../support/documented.ts';
import { projectFiles, ROOT } from '../support/project.ts';

const PAGES = projectFiles('README.md', 'CONTRIBUTING.md', '{docs,k8s,deploy}/**/*.md').filter(
  (path) => !/^docs\/(?:decisions|formats)\//.test(path),
);
const BLOCKS = PAGES.flatMap(commandBlocks);

test('every block of commands in the documentation is run by a test, or is an example', () => {
  const unproven = BLOCKS.filter((block) => proofOf(block) === undefined);
  assert.deepEqual(
    unproven.map(({ page, heading, code }) => `${page}, "${heading}": ${code.split('\n')[0]}`),
    [],
    'say in test/support/documented.ts what shows that it works',
  );
});

test('the table names nothing else, and tests that exist', () => {
  const proofs = Object.values(DOCUMENTED).flatMap((page) => Object.values(page).flat());
  assert.equal(proofs.length, BLOCKS.length);
  const tests = proofs.filter((proof) => proof.startsWith('test/'));
  assert.deepEqual(
    tests.filter((path) => !existsSync(join(ROOT, path))),
    [],
  );
});
