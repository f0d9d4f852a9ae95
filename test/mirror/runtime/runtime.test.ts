import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { FORMER_HOME, MIRROR_HOME } from '../../../src/mirror/layout.ts';
import { runtimeInDirectory } from '../../../src/mirror/runtime/runtime.ts';
import { goArchitecture } from '../../../src/oci/model/platform.ts';

const skip =
  process.platform === 'linux' && process.arch !== 's390x' ? false : 'needs 64-bit little-endian Linux';

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'treeport-runtime-directory-'));
});
after(() => rm(directory, { recursive: true }));

/** An unpacked image with a runtime, as far as it is looked at, in this home. */
async function unpacked(home: string): Promise<string> {
  const root = await mkdtemp(join(directory, 'root-'));
  await mkdir(join(root, home, 'bin'), { recursive: true });
  await symlink(process.execPath, join(root, home, 'bin/node'));
  return root;
}

test('a runtime is found in an unpacked image, and in the mirror’s home there', { skip }, async () => {
  const root = await unpacked(MIRROR_HOME);
  for (const path of [root, join(root, MIRROR_HOME)]) {
    assert.equal((await runtimeInDirectory(path)).architecture, goArchitecture(process.arch));
  }
});

test('the runtime of a release with another home is refused', { skip }, async () => {
  const root = await unpacked(FORMER_HOME);
  for (const path of [root, join(root, FORMER_HOME)]) {
    await assert.rejects(runtimeInDirectory(path), { code: 'ERR_RUNTIME', message: /by an earlier release/ });
  }
});
