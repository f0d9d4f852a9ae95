import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { StagingDirectory } from '../../src/base/staging-directory.ts';
import { coded } from '../support/expect.ts';

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'treeport-staging-'));
  t.after(() => rm(path, { recursive: true }));
  mkdirSync(join(path, 'tmp'));
  return path;
}

async function* pieces(...texts: readonly string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

test('files appear whole under their names, and nothing is left', async (t) => {
  const path = await folder(t);
  {
    await using staging = await StagingDirectory.create(join(path, 'tmp'));
    const target = join(path, 'objects/00/file');
    const staged = await staging.stage(target, Buffer.from('one'));
    assert.throws(() => statSync(target), /ENOENT/);
    assert.equal(readFileSync(staged, 'utf8'), 'one');
    staging.place(staged, target);
    staging.place(await staging.stage(target, pieces('two', ' pieces')), target);
    assert.equal(readFileSync(target, 'utf8'), 'two pieces');
    assert.equal(statSync(target).mode & 0o133, 0);
    staging.discard(await staging.stage(target, Buffer.from('unwanted')));
    const [own = ''] = readdirSync(join(path, 'tmp'));
    assert.deepEqual(readdirSync(join(path, 'tmp', own)), []);
  }
  assert.deepEqual(readdirSync(join(path, 'tmp')), []);
  assert.deepEqual(readdirSync(join(path, 'objects/00')), ['file']);
});

test('what fails leaves nothing, and names the file that was to be written', async (t) => {
  const path = await folder(t);
  const staging = await StagingDirectory.create(join(path, 'tmp'));
  const own = join(path, 'tmp', readdirSync(join(path, 'tmp'))[0] ?? '');
  async function* failing() {
    yield Buffer.from('start');
    throw new Error('the source ended');
  }
  await assert.rejects(staging.stage(join(path, 'file'), failing()), /the source ended/);
  writeFileSync(join(path, 'file'), '');
  const below = join(path, 'file/below');
  const staged = await staging.stage(below, Buffer.from('bytes'));
  assert.throws(() => staging.place(staged, below), coded('ERR_IO', below));
  assert.deepEqual(readdirSync(own), []);
  await rm(own, { recursive: true });
  await assert.rejects(staging.stage(below, Buffer.from('bytes')), coded('ERR_IO', below));
  await staging[Symbol.asyncDispose]();
});
