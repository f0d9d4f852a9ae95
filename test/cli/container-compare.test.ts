import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { mustTreeport, treeport } from '../e2e/support/run.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { makeImage } from '../support/chunked-images.ts';
import { mixedBytes, oneFileTar } from '../support/small-image.ts';
import { inPieces } from '../support/tar-streams.ts';

/**
 * Two images. Of three layers the first is the same, the second has other bytes of the same components, and
 * the third is missing from the second image.
 */
async function images(t: TestContext): Promise<readonly [string, string]> {
  const folder = await tempDir(t);
  const tar = (size: number) => inPieces(oneFileTar(mixedBytes(size)));
  const components = [undefined, 'a,b,c,d,e,f', 'gone'];
  await makeImage(join(folder, 'old'), [tar(1), tar(9_000), tar(10)], { components });
  await makeImage(join(folder, 'new'), [tar(1), tar(12_000)], { components });
  return [`oci:${join(folder, 'old')}`, `oci:${join(folder, 'new')}`];
}

test('the lines of ostree-ext, then what changed', async (t) => {
  const [before, after] = await images(t);
  const lines = (await mustTreeport(['container', 'compare', before, after])).split('\n');
  assert.equal(lines.length, 5);
  assert.match(lines[0] as string, /^Total new layers: 2 {5}Size: [\d.]+\u00a0kB$/);
  assert.match(lines[1] as string, /^Removed layers: {3}2 {5}Size: [\d.]+\u00a0kB$/);
  assert.match(lines[2] as string, /^Added layers: {5}1 {5}Size: [\d.]+\u00a0kB$/);
  assert.match(lines[3] as string, /^changed {2}component {2}[\d.]+ kB -> [\d.]+ kB +a, b, c, d and 2 more$/);
  assert.match(lines[4] as string, /^removed {2}component {2}\d+ bytes +gone$/);
});

test('nothing changed', async (t) => {
  const [image] = await images(t);
  const [total, ...rest] = (await mustTreeport(['container', 'compare', image, image])).split('\n');
  assert.match(total as string, /^Total new layers: 3 /);
  assert.deepEqual(rest, ['Removed layers:   0     Size: 0 bytes', 'Added layers:     0     Size: 0 bytes']);
});

test('--json, and references with a verification scheme', async (t) => {
  const [before, after] = await images(t);
  const args = ['container', 'compare', '--json', `ostree-unverified-image:${before}`, after];
  const { total, removed, added, components } = JSON.parse(await mustTreeport(args));
  assert.deepEqual([total.layers, removed.layers, added.layers], [2, 2, 1]);
  assert.deepEqual(
    components.map(({ change, names }: { change: string; names: readonly string[] }) => [change, ...names]),
    [
      ['changed', 'a', 'b', 'c', 'd', 'e', 'f'],
      ['removed', 'gone'],
    ],
  );
});

test('an image that is not there', async (t) => {
  const [image] = await images(t);
  const { status, stdout, stderr } = await treeport(['container', 'compare', image, '/no/transport']);
  assert.deepEqual([status, stdout], [2, '']);
  assert.match(stderr, /^treeport: ERR_IMAGE_REFERENCE: .*\n$/);
});
