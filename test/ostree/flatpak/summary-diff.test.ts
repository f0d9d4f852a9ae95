/** Against the deltas that flatpak itself makes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { gunzipSync } from 'node:zlib';
import {
  parseFlatpakIndex,
  subSummaryDeltaPath,
  subSummaryPath,
} from '../../../src/ostree/flatpak/index-file.ts';
import { summaryDiff } from '../../../src/ostree/flatpak/summary-diff.ts';
import { flatpakShop } from '../../e2e/support/flatpak-shop.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { unlessInstalled, unlessRoot } from '../../support/programs.ts';

test("deltas are flatpak's, but for their compression", {
  skip: unlessRoot() || unlessInstalled('flatpak', 'ostree'),
  timeout: 120_000,
}, async (t) => {
  const { path, release, updateRepo } = await flatpakShop(await tempDir(t));
  await release('again');
  await updateRepo();
  const unzipped = (file: string) => gunzipSync(readFileSync(join(path, file)));
  const subs = parseFlatpakIndex(readFileSync(join(path, 'summary.idx')));
  let deltas = 0;
  for (const { checksum, history } of subs) {
    for (const former of history) {
      const made = summaryDiff(unzipped(subSummaryPath(former)), unzipped(subSummaryPath(checksum)));
      assert.deepEqual(gunzipSync(made), unzipped(subSummaryDeltaPath(former, checksum)));
      deltas += 1;
    }
  }
  assert.ok(deltas > 2, `${deltas} deltas`);
});
