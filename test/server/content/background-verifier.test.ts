import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../../src/base/errors.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import type { ObjectSource } from '../../../src/ostree/object-source.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { NO_XATTRS } from '../../../src/ostree/xattrs.ts';
import { BackgroundVerifier } from '../../../src/server/content/background-verifier.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { FIXTURE_OBJECTS, writeOstreeFixture } from '../../support/ostree-fixture.ts';

const BASH = FIXTURE_OBJECTS['/usr/bin/bash'] as string;
const POLKIT = FIXTURE_OBJECTS['/usr/etc/polkit.conf'] as string;

async function fixture(t: TestContext, idleMs = 20) {
  const { path } = await writeOstreeFixture(await tempDir(t));
  const faults: string[] = [];
  const verifier = new BackgroundVerifier({
    objects: (await openRepository(path)).objects,
    onFault: (checksum, error) => faults.push(`${checksum}: ${messageOf(error)}`),
    idleMs,
  });
  t.after(() => verifier.stop());
  return { verifier, faults, file: (checksum: string) => join(path, loosePath(checksum, 'filez')) };
}

/** Waits for `count` faults, and then long enough to see one too many. */
async function untilFaults(faults: readonly string[], count: number): Promise<void> {
  for (let tries = 0; tries < 100 && faults.length < count; tries++) await sleep(20);
  await sleep(100);
  assert.equal(faults.length, count, faults.join('\n'));
}

test('a corrupt and a missing object are told of, good ones are not', async (t) => {
  const { verifier, faults, file } = await fixture(t);
  const bytes = readFileSync(file(BASH));
  bytes[16] = 1;
  writeFileSync(file(BASH), bytes);
  rmSync(file(POLKIT));
  for (const checksum of Object.values(FIXTURE_OBJECTS)) verifier.sent(checksum, 'v1');
  await untilFaults(faults, 2);
  assert.ok(faults.some((fault) => fault.startsWith(`${BASH}: object ${BASH}.file is corrupt`)));
  assert.ok(faults.some((fault) => fault.startsWith(`${POLKIT}: object ${POLKIT}.filez is missing`)));
});

test('an object is verified once, and again when its file has changed', async (t) => {
  const { verifier, faults, file } = await fixture(t);
  rmSync(file(BASH));
  verifier.sent(BASH, 'v1');
  await untilFaults(faults, 1);
  verifier.sent(BASH, 'v1');
  await untilFaults(faults, 1);
  verifier.sent(BASH, 'v2');
  await untilFaults(faults, 2);
});

test('nothing is verified while objects are being sent, nor after stop', async (t) => {
  const { verifier, faults, file } = await fixture(t, 1000);
  rmSync(file(BASH));
  for (let sent = 0; sent < 20; sent++) {
    verifier.sent(BASH, 'v1');
    await sleep(2);
    assert.deepEqual(faults, []);
  }
  verifier.stop();
  await untilFaults(faults, 0);
});

test('a corrupt file is known as such while it stays the same; a missing one is not corrupt', async (t) => {
  const { verifier, faults, file } = await fixture(t);
  const bytes = readFileSync(file(BASH));
  bytes[16] = 1;
  writeFileSync(file(BASH), bytes);
  rmSync(file(POLKIT));
  for (const checksum of Object.values(FIXTURE_OBJECTS)) verifier.sent(checksum, 'v1');
  while (faults.length < 2) await new Promise(setImmediate);
  for (const checksum of Object.values(FIXTURE_OBJECTS)) {
    assert.equal(verifier.isCorrupt(checksum, 'v1'), checksum === BASH);
    assert.equal(verifier.isCorrupt(checksum, 'v2'), false);
  }
});

test('stopping ends the verification of an object in the middle, and is no fault', async (t) => {
  const { faults } = await fixture(t);
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
    idleMs: 1,
  });
  verifier.sent(BASH, 'v1');
  await read.promise;
  verifier.stop();
  await ended.promise;
  assert.deepEqual(faults, []);
});
