import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  parseFlatpakIndex,
  parseSubSummary,
  subSummaryPath,
} from '../../../src/ostree/flatpak/index-file.ts';
import { flatpakRepo } from '../../e2e/support/flatpak.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { coded } from '../../support/expect.ts';
import { writeFlatpakIndex } from '../../support/flatpak-index.ts';
import { unlessInstalled } from '../../support/programs.ts';

const REF = {
  name: 'app/org.example.App/x86_64/stable',
  commit: repeatedChecksum('a'),
  commitSize: 7,
  metadata: new Map(),
};

test('sub-summaries and their refs', async (t) => {
  const folder = await tempDir(t);
  writeFlatpakIndex(folder, { x86_64: [REF], 'free-x86_64': [] });
  const subs = parseFlatpakIndex(readFileSync(join(folder, 'summary.idx')));
  assert.deepEqual(
    subs.map(({ name }) => name),
    ['x86_64', 'free-x86_64'],
  );
  const refs = subs.map((sub) =>
    parseSubSummary(readFileSync(join(folder, subSummaryPath(sub.checksum))), sub),
  );
  assert.deepEqual(refs, [[REF], []]);
});

test('a sub-summary that is another one, or damaged, is ERR_SUMMARY', () => {
  const sub = { name: 'x86_64', checksum: repeatedChecksum('b') };
  assert.throws(() => parseSubSummary(gzipSync('another'), sub), coded('ERR_SUMMARY', 'x86_64'));
  assert.throws(() => parseSubSummary(Buffer.from('no gzip'), sub), coded('ERR_SUMMARY', 'x86_64'));
  assert.throws(() => parseFlatpakIndex(Buffer.from('no index')), coded('ERR_VARIANT'));
});

test("flatpak's own index", { skip: unlessInstalled('flatpak', 'ostree') }, async (t) => {
  const folder = join(await tempDir(t), 'flatpak');
  await mkdir(folder);
  const { path, app, runtime } = await flatpakRepo(folder, { subset: 'free' });
  const subs = parseFlatpakIndex(readFileSync(join(path, 'summary.idx')));
  const [free] = subs.filter(({ name }) => name.startsWith('free-'));
  assert.ok(free !== undefined && subs.length === 2);
  const refs = parseSubSummary(readFileSync(join(path, subSummaryPath(free.checksum))), free);
  const names = refs.map(({ name }) => name).filter((name) => !name.startsWith('appstream'));
  assert.deepEqual(names, [`app/${app}`, `runtime/${runtime}`]);
  assert.ok(readdirSync(join(path, 'summaries')).length >= 2);
});
