import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { finishImage } from '../../../src/container/encapsulate/image-draft.ts';
import { MIRROR_HOME, runtimeCommand } from '../../../src/mirror/layout.ts';
import { runtimeInImage } from '../../../src/mirror/runtime/runtime-in-image.ts';
import { buildRuntimeImage } from '../../../src/mirror/runtime-image.ts';
import { hostPlatform } from '../../../src/oci/model/platform.ts';
import { publishImage } from '../../../src/oci/write/publish.ts';
import { COMPRESSION, tinyRuntime } from '../../support/mirror-images.ts';

const { architecture } = hostPlatform();

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'treeport-runtime-image-'));
});
after(() => rm(directory, { recursive: true }));

function layout(name: string) {
  return { transport: 'oci', name: join(directory, name) } as const;
}

test('the runtime of a runtime image is taken', async () => {
  const runtime = await tinyRuntime();
  await publishImage(layout('good'), (sink) =>
    buildRuntimeImage(sink, { runtime, compression: COMPRESSION }),
  );
  const found = await runtimeInImage(layout('good'), architecture);
  assert.equal(found.architecture, architecture);
  await found.close();
});

/** Opens an image of one layer with this entry point and these labels. */
async function refusal(
  name: string,
  entrypoint: readonly string[],
  labels: Readonly<Record<string, string>>,
) {
  const runtime = await tinyRuntime();
  await publishImage(layout(name), async (sink) =>
    finishImage(sink, {
      platform: hostPlatform(),
      created: '1970-01-01T00:00:00Z',
      config: { Entrypoint: entrypoint },
      labels,
      layers: [await runtime.putLayer(sink, { compression: COMPRESSION, created: '1970-01-01T00:00:00Z' })],
    }),
  );
  return runtimeInImage(layout(name), architecture);
}

test('an image that is no runtime image is refused', async () => {
  await assert.rejects(refusal('plain', [], {}), { code: 'ERR_RUNTIME', message: /is not a runtime image/ });
});

test('the runtime of a release with another home is refused, since mirrors could not start it', async () => {
  const former = runtimeCommand('serve').map((word) => word.replace(MIRROR_HOME, 'sysroot/treeport'));
  await assert.rejects(refusal('former', former, { 'treeport.runtime': architecture }), {
    code: 'ERR_RUNTIME',
    message: /by an earlier release.*`treeport mirror runtime`/,
  });
});
