import assert from 'node:assert/strict';
import test from 'node:test';
import { projectFiles, projectText } from '../support/project.ts';

const MAX_LINES = 300;
/** Folders of test/ whose tests do not belong to a single module of src/. */
const FREE = [
  'test/deploy/',
  'test/e2e/',
  'test/fuzz/',
  'test/k8s/',
  'test/house/',
  'test/support/',
  'test/fixtures/',
];

test(`no file has more than ${MAX_LINES} lines`, () => {
  const files = projectFiles('{src,test,scripts,bench}/**/*.ts');
  assert.deepEqual(
    files.filter((path) => projectText(path).split('\n').length > MAX_LINES + 1),
    [],
  );
});

/**
 * True if the test belongs to the module, or to its group: `repo` covers `repo-ls` and its siblings. A suffix
 * names the kind of test.
 */
function isAbout(test: string, module: string): boolean {
  const folder = test.startsWith('test/bench/') ? '' : 'src/';
  const name = test.replace(/^test\//, folder).replace(/(-fuzz)?\.test\.ts$/, '');
  return module === `${name}.ts` || module.startsWith(`${name}-`);
}

test('every test lies where its module lies', () => {
  const modules = projectFiles('{src,bench}/**/*.ts');
  const tests = projectFiles('test/**/*.test.ts').filter(
    (path) => !FREE.some((folder) => path.startsWith(folder)),
  );
  assert.deepEqual(
    tests.filter((path) => !modules.some((module) => isAbout(path, module))),
    [],
  );
});
