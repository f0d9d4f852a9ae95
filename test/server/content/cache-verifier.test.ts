import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { Checksum } from '../../../src/ostree/checksum.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { encoderId } from '../../../src/ostree/verified-filez.ts';
import { archiveUrl, bareFixture, tempFolder } from '../repos.ts';
import { idOf, served, text } from '../served.ts';

const MIB = 1024 * 1024;

for (const deflateLevel of ['auto', 1] as const) {
  test(`cached objects are verified after a start: a bad one goes and is made again, at level ${deflateLevel}`, async (t) => {
    const bare = bareFixture(t);
    const ids = [bare.file(text(60_000)), bare.file(text(2 * MIB)), bare.file('small'), bare.symlink('x')];
    const cacheDir = join(tempFolder(t), 'cache');
    const options = { cacheDir, deflateLevel, idleMs: 1 };
    const pathOf = (id: Checksum) =>
      join(cacheDir, encoderId(deflateLevel === 'auto' ? 6 : 1), loosePath(id, 'filez'));
    const first = await served(t, await bare.open(), options);
    for (const id of ids) await (await fetch(first.origin + archiveUrl(id))).arrayBuffer();
    while (!ids.every((id) => existsSync(pathOf(id)))) await new Promise(setImmediate);
    const good = ids.map((id) => readFileSync(pathOf(id)));
    await first.app.close();

    const spoilt = good.slice(0, 3).map((bytes) => {
      const copy = Buffer.from(bytes);
      copy[copy.length - 2] = (copy.at(-2) as number) ^ 0x55;
      return copy;
    });
    for (const [index, bytes] of spoilt.entries()) writeFileSync(pathOf(ids[index] as Checksum), bytes);
    const second = await served(t, await bare.open(), options);
    while (second.errors().length < spoilt.length) await new Promise(setImmediate);
    for (const id of ids.slice(0, 3)) {
      assert.ok(second.errors().some((line) => line.includes(id) && line.includes('cached copy')));
    }
    const isGood = (id: Checksum, index: number) =>
      existsSync(pathOf(id)) && readFileSync(pathOf(id)).equals(good[index] as Buffer);
    while (!ids.every(isGood)) await new Promise(setImmediate);
    for (const id of ids) {
      const answer = await fetch(second.origin + archiveUrl(id));
      assert.equal(idOf(Buffer.from(await answer.arrayBuffer())), id);
    }
    assert.equal(second.errors().length, spoilt.length, 'what is sound stays');
    assert.equal(second.counters.corrupt, 0, 'nothing is blamed on the repository');
  });
}
