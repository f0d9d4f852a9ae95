import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';

const OPTIONS = join(import.meta.dirname, '../../src/cli/registry-options.ts');
const ASK_TWICE = `
  const { registryAccess } = await import(process.argv[1]);
  const ask = async () => (await registryAccess({ credsFile: process.argv[2] })).credentials;
  console.log(JSON.stringify([await ask(), await ask()]));`;

for (const path of ['/dev/fd/3', '-']) {
  test(`credentials are read once from --creds-file ${path}`, () => {
    const script = 'printf me:secret | "$0" --input-type=module -e "$1" "$2" "$3" 3<&0';
    const words = ['-c', script, process.execPath, ASK_TWICE, OPTIONS, path];
    const { stdout, stderr } = spawnSync('sh', words, { encoding: 'utf8' });
    const credentials = { username: 'me', password: 'secret' };
    assert.equal(stdout, `${JSON.stringify([credentials, credentials])}\n`, stderr);
  });
}
