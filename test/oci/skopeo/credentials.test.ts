import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { authenticationFile, readCredentialsFile } from '../../../src/oci/skopeo/credentials.ts';
import { tempDir } from '../../e2e/support/scratch.ts';

test('a file with one line USER:PASSWORD, whose password may have colons', async (t) => {
  const path = join(await tempDir(t), 'creds');
  for (const text of ['me:a:b', 'me:a:b\n', 'me:a:b\r\n']) {
    writeFileSync(path, text);
    assert.deepEqual(readCredentialsFile(path), { username: 'me', password: 'a:b' });
  }
});

test('a FIFO is read', async (t) => {
  const path = join(await tempDir(t), 'fifo');
  spawnSync('mkfifo', [path]);
  spawn('sh', ['-c', 'printf me:secret > "$0"', path]);
  assert.deepEqual(readCredentialsFile(path), { username: 'me', password: 'secret' });
});

test('any other file is refused, by its name and without its text', async (t) => {
  const path = join(await tempDir(t), 'creds');
  const refused = { code: 'ERR_CREDENTIALS', message: new RegExp(`^${path}(?!.*secret)`) };
  assert.throws(() => readCredentialsFile(path), refused);
  for (const text of ['', 'secret', ':secret', 'me:', 'me:secret\nmore\n']) {
    writeFileSync(path, text);
    assert.throws(() => readCredentialsFile(path), refused, text);
  }
});

test('names without a host are those of Docker Hub', () => {
  const text = authenticationFile('library/os', { username: 'u', password: 'p' });
  assert.deepEqual(Object.keys(JSON.parse(text).auths), ['docker.io']);
});
