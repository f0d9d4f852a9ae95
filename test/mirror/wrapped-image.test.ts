import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { encapsulateInto, wrapInto } from '../support/mirror-images.ts';
import { writeMirrorSource } from '../support/mirror-repos.ts';
import { ReportedBytes } from '../support/reported-bytes.ts';
import { testFolder } from '../support/small-image.ts';

test('the progress of wrapping reaches its total', async (t) => {
  const directory = await testFolder(t);
  const encapsulated = join(directory, 'encapsulated');
  const { repo, commit } = await writeMirrorSource(join(directory, 'repo'));
  await encapsulateInto(encapsulated, repo, commit);
  for (const [name, virtualDeltas] of [
    ['progress', false],
    ['progress-virtual', true],
  ] as const) {
    const reported = new ReportedBytes();
    await wrapInto(join(directory, name), encapsulated, { virtualDeltas, onProgress: reported.onProgress });
    assert.equal([...reported.totals].at(-1), reported.done);
    // It grows by the mirror's own layers, and by virtual deltas.
    assert.ok(reported.totals.size <= (virtualDeltas ? 3 : 2));
  }
});
