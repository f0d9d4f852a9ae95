import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { replaceDetached } from '../../../src/container/signatures/replace-detached.ts';
import { resignedFiles } from '../../../src/mirror/resigned-files.ts';
import { publishImage } from '../../../src/oci/write/publish.ts';
import { buildInto, encapsulateInto, withImage } from '../../support/mirror-images.ts';
import { MIRROR_REF, writeMirrorSource } from '../../support/mirror-repos.ts';
import { FIXTURE_DETACHED } from '../../support/ostree-fixture.ts';
import { ReportedBytes } from '../../support/reported-bytes.ts';
import { testFolder } from '../../support/small-image.ts';

test('the progress of changing an image reaches its total', async (t) => {
  const folder = await testFolder(t);
  const { repo, commit } = await writeMirrorSource(join(folder, 'repo'));
  await encapsulateInto(join(folder, 'encapsulated'), repo, commit);
  await buildInto(join(folder, 'mirror'), repo, [MIRROR_REF]);
  for (const name of ['encapsulated', 'mirror']) {
    const reported = new ReportedBytes();
    await withImage(join(folder, name), (image) =>
      publishImage({ transport: 'oci', name: join(folder, `${name}-signed`) }, (sink) =>
        replaceDetached(image, sink, {
          change: async () => FIXTURE_DETACHED,
          published: resignedFiles((message) => assert.fail(message)),
          onProgress: reported.onProgress,
        }),
      ),
    );
    assert.deepEqual([...reported.totals], [reported.done]);
  }
});
