import assert from 'node:assert/strict';
import test from 'node:test';
import { projectFiles, projectText } from '../support/project.ts';

/** `export function name`, `export type Name` and so on; re-exports do not match. */
const EXPORT = /^export (?:async )?(?:function\*?|class|const|let|type) ([\w$]+)/gm;

test('no two modules export the same name', () => {
  const modules = new Map<string, string[]>();
  for (const path of projectFiles('src/**/*.ts')) {
    for (const [, name = ''] of projectText(path).matchAll(EXPORT)) {
      const known = modules.get(name) ?? [];
      if (!known.includes(path)) modules.set(name, [...known, path]);
    }
  }
  assert.ok(modules.size > 500, `${modules.size} names`);
  assert.deepEqual(
    [...modules].filter(([, paths]) => paths.length > 1),
    [],
  );
});
