import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { parseDict, serializeDict } from '../../../src/ostree/metadata-dict.ts';
import { ed25519 } from '../../../src/ostree/sign/ed25519.ts';
import { signaturesUnder, withSignature } from '../../../src/ostree/sign/signatures.ts';
import type { Signer } from '../../../src/ostree/sign/signer.ts';
import { createServer } from '../../../src/server/app.ts';
import { updateOstreeFixture } from '../../support/ostree-fixture.ts';
import { nodeEd25519Key } from '../../support/signing.ts';
import { archiveFixture } from '../repos.ts';

const KEY = nodeEd25519Key();
const [PUBLIC] = ed25519.parsePublicKeys(KEY.public);

function countingSigner() {
  const secret = ed25519.parseSecretKey(KEY.secret);
  assert.ok(secret);
  const state = { calls: 0, fails: false };
  const signer: Signer = {
    kind: 'ed25519',
    sign: async (data, what) => {
      assert.equal(what, 'summary');
      state.calls += 1;
      if (state.fails) throw new Error('no token');
      return ed25519.sign(data, secret);
    },
  };
  return { signer, state };
}

test('the summary is signed once, and again when it changes', async (t) => {
  const fixture = await archiveFixture(t);
  const { signer, state } = countingSigner();
  const { app } = await createServer({ repo: fixture.repo, summarySigners: [signer] });
  t.after(() => app.close());
  const signed = async () => {
    const [signatures, summary] = await Promise.all([
      app.inject('/repo/summary.sig'),
      app.inject('/repo/summary'),
    ]);
    assert.equal(signatures.statusCode, 200);
    const found = signaturesUnder(parseDict(signatures.rawPayload), 'ostree.sign.ed25519');
    assert.ok(found.some((one) => PUBLIC && ed25519.verify(summary.rawPayload, one, PUBLIC.key)));
    return { etag: signatures.headers.etag, dict: parseDict(signatures.rawPayload) };
  };
  const [one, two] = await Promise.all([signed(), signed()]);
  assert.equal(one.etag, two.etag);
  assert.equal(state.calls, 1);
  await updateOstreeFixture(fixture);
  assert.notEqual((await signed()).etag, one.etag);
  assert.equal(state.calls, 2);

  // A publisher's summary and its signatures: ours come beside them.
  writeFileSync(join(fixture.path, 'summary'), (await app.inject('/repo/summary')).rawPayload);
  const theirs = withSignature(new Map(), 'ostree.gpgsigs', Buffer.from('theirs'));
  writeFileSync(join(fixture.path, 'summary.sig'), serializeDict(theirs));
  const { app: other } = await createServer({ repo: fixture.repo, summarySigners: [signer] });
  t.after(() => other.close());
  const dict = parseDict((await other.inject('/repo/summary.sig')).rawPayload);
  assert.deepEqual([...dict.keys()].toSorted(), ['ostree.gpgsigs', 'ostree.sign.ed25519']);
});

test('a failure to sign is an error for clients, and the next request tries again', async (t) => {
  const { repo } = await archiveFixture(t);
  const { signer, state } = countingSigner();
  const { app } = await createServer({ repo, summarySigners: [signer] });
  t.after(() => app.close());
  state.fails = true;
  assert.equal((await app.inject('/repo/summary.sig')).statusCode, 500);
  assert.equal((await app.inject('/repo/summary')).statusCode, 200);
  state.fails = false;
  assert.equal((await app.inject('/repo/summary.sig')).statusCode, 200);
  assert.equal(state.calls, 2);
});
