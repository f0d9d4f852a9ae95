import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { tempFolder } from './repos.ts';

const MODULE = pathToFileURL(join(import.meta.dirname, '../../src/server/worker-command.ts'));

test("a worker's command has the words before the script, the script, and its arguments", (t) => {
  const script = join(tempFolder(t), 'script.mjs');
  const code = `import { workerCommand } from '${MODULE}'; console.log(JSON.stringify(workerCommand()));`;
  writeFileSync(script, code);
  const nodeOptions = ['--max-semi-space-size=2', '--no-warnings'];
  const args = ['serve', '--workers', '2', ''];
  const { stdout } = spawnSync(process.execPath, [...nodeOptions, script, ...args]);
  assert.deepEqual(JSON.parse(String(stdout)), { exec: script, execArgv: nodeOptions, args });
});
