import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { ExportTarget } from '../../../src/server/export/export-target.ts';
import { checkFoldedNames } from '../../../src/server/export/folded-names.ts';
import { coded } from '../../support/expect.ts';
import { tempFolder } from '../repos.ts';

test('refs that one file system keeps apart and another does not', async (t) => {
  const path = join(tempFolder(t), 'export');
  const target = await ExportTarget.open(path);
  await target.put('refs/heads/os/stable', Buffer.from('\n'));
  const check = (...names: readonly string[]) =>
    checkFoldedNames(
      target,
      names.map((name) => `refs/heads/${name}`),
    );
  check('os/Stable', 'OS/next', 'os/dot.');
  // As a file system that ignores case answers.
  mkdirSync(join(path, 'REFS'));
  check('os/stable', 'os/next', 'os/a.b');
  for (const [names, message] of [
    [['os/Stable'], 'refs/heads/os/stable and refs/heads/os/Stable, which differ in case'],
    [['OS/next'], 'refs/heads/os and refs/heads/OS, which'],
    [['a/x', 'A'], 'refs/heads/a and refs/heads/A, which'],
    [['os/dot.'], 'os/dot., whose name ends with a dot'],
    [['dot./a'], 'refs/heads/dot., whose'],
  ] as const)
    assert.throws(() => check(...names), coded('ERR_EXPORT_TARGET', message));
});
