import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { checksumOf } from '../../../src/ostree/checksum.ts';
import { FLATPAK_INDEX, indexSignaturesPath } from '../../../src/ostree/flatpak/index-file.ts';
import { parseDict, serializeDict } from '../../../src/ostree/metadata-dict.ts';
import { ed25519 } from '../../../src/ostree/sign/ed25519.ts';
import { signaturesUnder, withSignature } from '../../../src/ostree/sign/signatures.ts';
import type { Signer } from '../../../src/ostree/sign/signer.ts';
import { createServer } from '../../../src/server/app.ts';
import { nodeEd25519Key } from '../../support/signing.ts';
import { archiveFixture } from '../repos.ts';

const KEY = nodeEd25519Key();

test("flatpak's index is signed where clients of every age look, anew when it changes", async (t) => {
  const { repo, path } = await archiveFixture(t);
  const secret = ed25519.parseSecretKey(KEY.secret);
  const [known] = ed25519.parsePublicKeys(KEY.public);
  assert.ok(secret && known);
  const signed: string[] = [];
  const signer: Signer = {
    kind: 'ed25519',
    sign: async (data, what) => {
      signed.push(what);
      return ed25519.sign(data, secret);
    },
  };
  const { app } = await createServer({ repo, summarySigners: [signer] });
  t.after(() => app.close());
  const get = (name: string) => app.inject(`/repo/${name}`);
  assert.equal((await get(`${FLATPAK_INDEX}.sig`)).statusCode, 404);

  const write = (index: Buffer) => {
    writeFileSync(join(path, FLATPAK_INDEX), index);
    return indexSignaturesPath(checksumOf(index));
  };
  const [one, two] = [Buffer.from('one'), Buffer.from('two')];
  const place = write(one);
  mkdirSync(join(path, 'summaries'));
  const theirs = withSignature(new Map(), 'ostree.gpgsigs', Buffer.from('theirs'));
  writeFileSync(join(path, place), serializeDict(theirs));
  for (const name of [place, `${FLATPAK_INDEX}.sig`]) {
    const { statusCode, rawPayload } = await get(name);
    assert.equal(statusCode, 200);
    const dict = parseDict(rawPayload);
    assert.ok(dict.has('ostree.gpgsigs'));
    const found = signaturesUnder(dict, 'ostree.sign.ed25519');
    assert.ok(found.some((signature) => ed25519.verify(one, signature, known.key)));
  }
  assert.deepEqual(signed, [FLATPAK_INDEX]);

  const next = write(two);
  assert.equal((await get(next)).statusCode, 200);
  assert.deepEqual(signed, [FLATPAK_INDEX, FLATPAK_INDEX]);
  // What the publisher left of the former index is served as it is.
  assert.ok((await get(place)).rawPayload.equals(serializeDict(theirs)));
});

test('a server without keys serves the signatures that are there', async (t) => {
  const { repo, path } = await archiveFixture(t);
  writeFileSync(join(path, FLATPAK_INDEX), 'one');
  writeFileSync(join(path, `${FLATPAK_INDEX}.sig`), 'theirs');
  const { app } = await createServer({ repo });
  t.after(() => app.close());
  assert.equal((await app.inject(`/repo/${FLATPAK_INDEX}.sig`)).body, 'theirs');
});
