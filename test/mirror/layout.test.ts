import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { MIRROR_PORT, MIRROR_USER, runtimeCommand } from '../../src/mirror/layout.ts';
import { ROOT } from '../support/project.ts';

const containerfile = readFileSync(join(ROOT, 'Containerfile'), 'utf8').replaceAll('\\\n', ' ');

/** The words of each instruction of this name that is in exec form. */
function execForms(instruction: string): readonly (readonly string[])[] {
  const lines = containerfile.split('\n').filter((line) => line.startsWith(`${instruction} [`));
  return lines.map((line) => JSON.parse(line.slice(instruction.length)) as readonly string[]);
}

test('the Containerfile runs and starts what the other ways do', () => {
  assert.deepEqual(execForms('RUN'), [runtimeCommand('seal')]);
  assert.deepEqual(execForms('ENTRYPOINT'), [runtimeCommand('serve')]);
  assert.match(containerfile, new RegExp(`^EXPOSE ${MIRROR_PORT}/tcp$`, 'm'));
  assert.match(containerfile, new RegExp(`^USER ${MIRROR_USER}$`, 'm'));
  assert.match(containerfile, /^STOPSIGNAL SIGTERM$/m);
});
