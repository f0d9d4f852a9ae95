import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { runtimeInImage } from '../../src/mirror/runtime/runtime-in-image.ts';
import { buildRuntimeImage } from '../../src/mirror/runtime-image.ts';
import type { ImageReference } from '../../src/oci/model/reference.ts';
import { publishImage } from '../../src/oci/write/publish.ts';
import { COMPRESSION, tinyRuntime } from '../support/mirror-images.ts';
import { ReportedBytes } from '../support/reported-bytes.ts';
import { testFolder } from '../support/small-image.ts';

test('the progress of a runtime image reaches its total, also if its layer is copied', async (t) => {
  const folder = await testFolder(t);
  const at = (name: string): ImageReference => ({ transport: 'oci', name: join(folder, name) });
  const made = await tinyRuntime();
  const build = async (name: string, runtime: typeof made) => {
    const reported = new ReportedBytes();
    const options = { runtime, compression: COMPRESSION, onProgress: reported.onProgress };
    await publishImage(at(name), (sink) => buildRuntimeImage(sink, options));
    assert.deepEqual([...reported.totals], [reported.done]);
  };
  await build('made', made);
  const copied = await runtimeInImage(at('made'), made.architecture);
  await build('copied', copied);
  await copied.close();
});
