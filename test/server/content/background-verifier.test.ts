import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { messageOf } from '../../../src/base/errors.ts';
import type { Checksum } from '../../../src/ostree/checksum.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import type { ObjectSource } from '../../../src/ostree/object-source.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { NO_XATTRS } from '../../../src/ostree/xattrs.ts';
import { BackgroundVerifier } from '../../../src/server/content/background-verifier.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { FIXTURE_OBJECTS, fixtureObject, writeOstreeFixture } from '../../support/ostree-fixture.ts';
import { settled, until } from '../../support/until.ts';

const BASH = fixtureObject('/usr/bin/bash');
const POLKIT = fixtureObject('/usr/etc/polkit.conf');
const IDLE_MS = 20;

/** A verifier whose clock is moved by `idle`, to when it may work. */
async function fixture(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const { path } = await writeOstreeFixture(await tempDir(t));
  const faults: string[] = [];
  const verifier = new BackgroundVerifier({
    objects: (await openRepository(path)).objects,
    onFault: (checksum, error) => faults.push(`${checksum}: ${messageOf(error)}`),
    idleMs: IDLE_MS,
  });
  t.after(() => verifier.stop());
  const idle = () => t.mock.timers.tick(IDLE_MS);
  return { verifier, faults, idle, file: (checksum: Checksum) => join(path, loosePath(checksum, 'filez')) };
}

const NOWHERE = repeatedChecksum('f');

/**
 * Waits until everything that was sent is verified: an object that does not exist is sent last, and its
 * fault, which comes last, is taken off.
 */
async function allVerified({ verifier, faults, idle }: Awaited<ReturnType<typeof fixture>>): Promise<void> {
  verifier.sent(NOWHERE, `v${faults.length}-${Date.now()}`);
  idle();
  await until(() => faults.at(-1)?.startsWith(NOWHERE) === true);
  faults.pop();
}

test('a corrupt and a missing object are told of, good ones are not', async (t) => {
  const verifying = await fixture(t);
  const { verifier, faults, file } = verifying;
  const bytes = readFileSync(file(BASH));
  bytes[16] = 1;
  writeFileSync(file(BASH), bytes);
  rmSync(file(POLKIT));
  for (const checksum of Object.values(FIXTURE_OBJECTS)) verifier.sent(checksum, 'v1');
  await allVerified(verifying);
  assert.equal(faults.length, 2, faults.join('\n'));
  assert.ok(faults.some((fault) => fault.startsWith(`${BASH}: object ${BASH}.file is corrupt`)));
  assert.ok(faults.some((fault) => fault.startsWith(`${POLKIT}: object ${POLKIT}.filez is missing`)));
});

test('an object is verified once, and again when its file has changed', async (t) => {
  const verifying = await fixture(t);
  const { verifier, faults, file } = verifying;
  rmSync(file(BASH));
  for (const [version, count] of [
    ['v1', 1],
    ['v1', 1],
    ['v2', 2],
  ] as const) {
    verifier.sent(BASH, version);
    await allVerified(verifying);
    assert.equal(faults.length, count, faults.join('\n'));
  }
});

test('nothing is verified while objects are being sent, nor after stop', async (t) => {
  const { verifier, faults, idle, file } = await fixture(t);
  rmSync(file(BASH));
  for (let sent = 0; sent < 20; sent++) {
    verifier.sent(BASH, 'v1');
    t.mock.timers.tick(IDLE_MS - 1);
    await settled();
    assert.deepEqual(faults, []);
  }
  verifier.stop();
  idle();
  await settled();
  assert.deepEqual(faults, []);
});

test('a corrupt file is known as such while it stays the same; a missing one is not corrupt', async (t) => {
  const verifying = await fixture(t);
  const { verifier, file } = verifying;
  const bytes = readFileSync(file(BASH));
  bytes[16] = 1;
  writeFileSync(file(BASH), bytes);
  rmSync(file(POLKIT));
  for (const checksum of Object.values(FIXTURE_OBJECTS)) verifier.sent(checksum, 'v1');
  await allVerified(verifying);
  for (const checksum of Object.values(FIXTURE_OBJECTS)) {
    assert.equal(verifier.isCorrupt(checksum, 'v1'), checksum === BASH);
    assert.equal(verifier.isCorrupt(checksum, 'v2'), false);
  }
});

test('stopping ends the verification of an object in the middle, and is no fault', async (t) => {
  const { faults, idle } = await fixture(t);
  const read = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        read.resolve();
        await new Promise(setImmediate);
        yield Buffer.alloc(10);
      }
    } finally {
      ended.resolve();
    }
  }
  const header = { uid: 0, gid: 0, mode: 0o100644, target: '', xattrs: NO_XATTRS };
  const verifier = new BackgroundVerifier({
    objects: { content: async () => ({ header, size: 1 << 30, stream: endless }) } as unknown as ObjectSource,
    onFault: (_checksum, error) => faults.push(messageOf(error)),
    idleMs: IDLE_MS,
  });
  verifier.sent(BASH, 'v1');
  idle();
  await read.promise;
  verifier.stop();
  await ended.promise;
  assert.deepEqual(faults, []);
});
