import assert from 'node:assert/strict';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { keyringVerifier } from '../../../src/container/import/verify-keyrings.ts';
import { GPG_SIGNATURES, withSignature } from '../../../src/ostree/sign/signatures.ts';
import type { SignedData } from '../../../src/ostree/sign/signed-commit.ts';
import { gpgSign, makeGpgKey } from '../../e2e/support/gpg.ts';
import { must } from '../../e2e/support/run.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { coded } from '../../support/expect.ts';
import { unlessLibostree } from '../../support/libostree.ts';
import { unlessInstalled } from '../../support/programs.ts';

const skip = unlessLibostree() || unlessInstalled('gpg');

test('keys in files verify, and those of the machine do not', { skip }, async (t) => {
  const [key, other] = [await makeGpgKey(await tempDir(t)), await makeGpgKey(await tempDir(t))];
  const bytes = Buffer.from('a commit');
  const metadata = withSignature(new Map(), GPG_SIGNATURES, await gpgSign(key, bytes));
  const signed: SignedData = { name: 'commit x', thing: 'commit', bytes, metadata };
  const verifier = async (...files: readonly string[]) => keyringVerifier(files, await tempDir(t));
  const valid = async (...files: readonly string[]) =>
    (await (await verifier(...files))(signed)).map((one) => one.key);
  assert.deepEqual(await valid(other.publicKey, key.publicKey), [key.id]);
  const armored = join(await tempDir(t), 'armored; with, separators');
  const text = await must(['gpg', '--armor', '--export', key.id], { env: { GNUPGHOME: key.home } });
  await writeFile(armored, `${text}\n`);
  assert.deepEqual(await valid(armored), [key.id]);

  const machine = await tempDir(t);
  await copyFile(key.publicKey, join(machine, 'trusted.gpg'));
  process.env.OSTREE_GPG_HOME = machine;
  await assert.rejects(valid(other.publicKey), coded('ERR_SIGNATURE_UNKNOWN_KEY', 'commit x', key.id));
});

test('files without keys', { skip }, async (t) => {
  const folder = await tempDir(t);
  const at = (name: string) => join(folder, name);
  await writeFile(at('empty'), '');
  await writeFile(at('text'), 'no key');
  await mkdir(at('directory'));
  for (const name of ['empty', 'text', 'directory', 'none']) {
    const work = keyringVerifier([at(name)], await tempDir(t));
    await assert.rejects(work, coded('ERR_NO_KEYS', at(name)), name);
  }
});
