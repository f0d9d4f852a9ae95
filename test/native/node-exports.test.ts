import assert from 'node:assert/strict';
import test from 'node:test';
import { nodeExports } from '../../src/native/node-exports.ts';

test('functions are looked up once, when they are first asked for', () => {
  const seen: string[] = [];
  const functions = nodeExports((program) => {
    seen.push('declared');
    return { getpid: program.func('int getpid()') };
  });
  assert.deepEqual(seen, []);
  assert.equal(functions()?.getpid(), process.pid);
  assert.equal(functions(), functions());
  assert.deepEqual(seen, ['declared']);
});

test('where one is missing there are none', () => {
  const functions = nodeExports((program) => ({ none: program.func('void treeport_has_no_such()') }));
  assert.equal(functions(), undefined);
  assert.equal(functions(), undefined);
});
