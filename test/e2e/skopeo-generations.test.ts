/**
 * What treeport reads in skopeo's messages, with this machine's skopeo and with Debian 13's: whether a
 * registry takes an image, why not, and which blobs are sent.
 */
import assert from 'node:assert/strict';
import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { ErrorCode } from '../../src/base/error-codes.ts';
import type { Descriptor } from '../../src/oci/model/descriptor.ts';
import { parseImageReference } from '../../src/oci/model/reference.ts';
import { publishImage } from '../../src/oci/write/publish.ts';
import { freePort } from '../support/free-port.ts';
import { unlessInstalled } from '../support/programs.ts';
import { mixedBytes, oneFileTar, writeSmallImage } from '../support/small-image.ts';
import { readLayout } from './support/layout.ts';
import { newerSkopeo } from './support/newer-skopeo.ts';
import { TEXT_REF, textRepo, unlessOsRepo } from './support/os-repo.ts';
import { startRegistry, startSecureRegistry } from './support/registry.ts';
import { environment, must, mustTreeport, treeport } from './support/run.ts';
import { atEnd, tempDir } from './support/scratch.ts';
import { startUploadCounter, withInsecure } from './support/upload-counter.ts';

const skip = unlessOsRepo('skopeo', 'docker-registry', 'openssl') || unlessInstalled('unshare');
const timeout = 400_000;

/** The PATH with a generation's skopeo; skips the test if there is none. */
async function generationPath(t: TestContext, isNewer: boolean, folder: string): Promise<string | undefined> {
  if (!isNewer) return environment().PATH;
  const newer = await newerSkopeo(folder);
  if ('path' in newer) return newer.path;
  t.skip(newer.obstacle);
  return undefined;
}

/** Uploads with the environment of this process. */
async function uploads(t: TestContext, env: Readonly<Record<string, string>>, image: string): Promise<void> {
  for (const [name, value] of Object.entries(env)) {
    const before = process.env[name];
    process.env[name] = value;
    atEnd(t, async () => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  }
  const push = async (tars: readonly Buffer[]) => {
    const reports: (readonly [number, number])[] = [];
    const written: Descriptor[] = [];
    await publishImage(
      parseImageReference(image),
      async (sink) => {
        written.push(await writeSmallImage(sink, { tars }));
        return written[0] as Descriptor;
      },
      { onUpload: (done, total) => reports.push([done, total]) },
    );
    return reports.at(-1) ?? assert.fail('no report');
  };
  const [base, more] = [oneFileTar(mixedBytes(3_000_000)), oneFileTar(mixedBytes(200_000))];
  const [first, total] = await push([base]);
  assert.ok(first === total && total > 1_000_000, `${first} of ${total}`);
  const [second, rest] = await push([base, more]);
  assert.ok(second === rest && rest > 50_000 && rest < 500_000, `${second} of ${rest}`);
}

for (const isNewer of [false, true]) {
  const generation = isNewer ? 'Debian 13' : 'this machine';
  test(`destinations are asked, and uploads counted, with skopeo of ${generation}`, {
    skip,
    timeout,
  }, async (t) => {
    const folder = await tempDir(t);
    const PATH = await generationPath(t, isNewer, folder);
    if (PATH === undefined) return;
    t.diagnostic(await must(['skopeo', '--version'], { env: { PATH } }));
    const { path: repo, commit } = await textRepo();
    const { name: open } = await startUploadCounter(t, await startRegistry(t, folder));
    const env = { PATH, ...(await withInsecure(folder, open)) };
    const words = (image: string) => ['container', 'encapsulate', '--quiet', '--repo', repo, TEXT_REF, image];

    await mustTreeport(words(`docker://${open}/os:1`), { env });
    await must(['skopeo', 'copy', '--quiet', `docker://${open}/os:1`, `oci:${folder}/copy`], { env });
    const { config } = await readLayout(join(folder, 'copy'));
    assert.equal(config.config.Labels?.['ostree.commit'], commit);
    const info = ['container', 'info', '--json', `docker://${open}/os:1`];
    assert.equal(JSON.parse(await mustTreeport(info, { env })).commit.checksum, commit);

    const secureFolder = await tempDir(t);
    const secure = await startSecureRegistry(t, secureFolder);
    const refused = async (code: ErrorCode, image: string, ...options: readonly string[]) => {
      const { status, stderr } = await treeport([...words(image), ...options], { env });
      assert.equal(status, 1, stderr);
      assert.ok(stderr.startsWith(`treeport: ${code}: writing ${image}: `), stderr);
    };
    await refused('ERR_REGISTRY_UNREACHABLE', `docker://localhost:${await freePort()}/os:1`);
    await refused('ERR_REGISTRY_TLS', `docker://${secure.name}/os:1`, '--authfile', secure.authfile);
    await refused(
      'ERR_REGISTRY_AUTH',
      `docker://${secure.name}/os:1`,
      '--cert-dir',
      secure.certDir,
      '--authfile',
      secure.wrongAuthfile,
    );
    // The question leaves nothing there.
    assert.deepEqual(globSync('registry/docker/registry/v2/blobs/**/data', { cwd: secureFolder }), []);
    assert.equal(
      existsSync(join(secureFolder, 'registry/docker/registry/v2/repositories/os/_manifests')),
      false,
    );

    await uploads(t, env, `docker://${open}/small:1`);
  });
}
