import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { readTarFile } from '../../../src/container/rootfs/read-tars.ts';
import { contentRules } from '../../../src/container/rootfs/rules.ts';
import { coded } from '../../support/expect.ts';
import { testFolder } from '../../support/small-image.ts';

test('the error of a file that is no tar, or is cut off, names the file', async (t) => {
  const path = join(await testFolder(t), 'root.tar');
  const options = { rules: contentRules('keep'), special: 'refuse' } as const;
  for (const bytes of [Buffer.alloc(1000, 'no tar'), Buffer.alloc(100)]) {
    await writeFile(path, bytes);
    await assert.rejects(readTarFile(path, options), coded('ERR_TAR', path));
  }
});
