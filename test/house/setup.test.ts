import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { ROOT } from '../support/project.ts';
import { testFolder } from '../support/small-image.ts';

test('a Node that is older than the README says is one line', async (t) => {
  const folder = await testFolder(t);
  const node = join(folder, 'node');
  await writeFile(node, '#!/bin/sh\n[ "$1" = -p ] && echo 16 || echo v16.20.2\n');
  await chmod(node, 0o755);
  const env = { ...process.env, npm_node_execpath: node, npm_execpath: 'npm' };
  const { status, stdout, stderr } = spawnSync('sh', ['scripts/setup'], { cwd: ROOT, env, encoding: 'utf8' });
  assert.deepEqual([status, stdout], [1, '']);
  assert.match(stderr, /^treeport: npm needs Node 18 or newer [^\n]+; this is v16\.20\.2\n$/);
});
