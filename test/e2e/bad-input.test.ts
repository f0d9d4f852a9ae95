/** Bad input: one line on stderr with a stable code, exit status 1, and nothing half-written anywhere. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { lstatSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { commitDirectory, initRepo, listTree, REF } from '../support/ostree-repos.ts';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { readLayout } from './support/layout.ts';
import { checkRefused } from './support/refusal.ts';
import { must, mustTreeport, type RunOptions } from './support/run.ts';
import { atEnd, tempDir } from './support/scratch.ts';

const skip = unlessInstalled('ostree');
const timeout = 120_000;
const FILE_BYTES = 6 << 20;

type Place = {
  readonly folder: string;
  readonly repo: string;
  readonly commit: string;
  /** Where images are to be written: an empty folder. */
  readonly out: string;
  /** Every temporary file goes into a folder that must be empty afterwards. */
  readonly options: RunOptions & { readonly untouched: readonly string[] };
};

async function place(t: TestContext): Promise<Place> {
  const folder = await tempDir(t);
  const [tree, out, temporary] = [join(folder, 'tree'), join(folder, 'out'), join(folder, 'tmp')];
  for (const directory of [join(tree, 'directory'), out, temporary]) {
    await mkdir(directory, { recursive: true });
  }
  writeFileSync(join(tree, 'small'), 'small\n');
  writeFileSync(join(tree, 'directory/inside'), 'inside\n');
  writeFileSync(join(tree, 'large'), noise(FILE_BYTES));
  const repo = await initRepo(join(folder, 'repo'), 'bare');
  const commit = await commitDirectory(repo, tree);
  return {
    folder,
    repo,
    commit,
    out,
    options: {
      env: { TMPDIR: temporary, NODE_COMPILE_CACHE: join(folder, 'compiled') },
      untouched: [out, temporary, repo],
    },
  };
}

/** Bytes that do not compress. */
function noise(size: number): Buffer {
  const block = (seed: number) => createHash('sha256').update(String(seed)).digest();
  return Buffer.concat(Array.from({ length: size / 32 }, (_, index) => block(index)));
}

/** Each way to read a commit and write something. */
function writers({ out }: Place, repo: string, revision: string): readonly (readonly string[])[] {
  return [
    ['container', 'encapsulate', '--quiet', '--repo', repo, revision, `oci:${out}/image`],
    ['container', 'encapsulate', '--quiet', '--repo', repo, revision, `oci-archive:${out}/image.tar`],
    ['container', 'export-oci', '--quiet', '--repo', repo, revision, `${out}/image`],
    ['mirror', 'build', '--quiet', '--repo', repo, revision, `oci:${out}/image`],
    ['tar', 'export', '--repo', repo, '--output', `${out}/stream.tar`, revision],
  ];
}

test('no such repository', { skip, timeout }, async (t) => {
  const at = await place(t);
  const missing = join(at.folder, 'nowhere');
  const naming = [missing];
  for (const words of [
    ...writers(at, missing, REF),
    ['serve', '--repo', missing, '--listen', '127.0.0.1:0'],
  ]) {
    await checkRefused(words, { ...at.options, code: 'ERR_REPO_MISSING', naming });
  }
});

test('a repository of an unknown mode', { skip, timeout }, async (t) => {
  const at = await place(t);
  const config = join(at.repo, 'config');
  writeFileSync(config, readFileSync(config, 'utf8').replace('mode=bare', 'mode=bare-from-the-future'));
  for (const words of [
    ...writers(at, at.repo, REF),
    ['serve', '--repo', at.repo, '--listen', '127.0.0.1:0'],
  ]) {
    const naming = [at.repo, 'bare-from-the-future'];
    await checkRefused(words, { ...at.options, code: 'ERR_REPO_MODE', naming });
  }
});

test('no such ref', { skip, timeout }, async (t) => {
  const at = await place(t);
  for (const words of writers(at, at.repo, 'no/such/ref')) {
    await checkRefused(words, { ...at.options, code: 'ERR_REF_MISSING', naming: ['no/such/ref'] });
  }
});

test('no such commit', { skip, timeout }, async (t) => {
  const at = await place(t);
  const commit = 'ab'.repeat(32);
  for (const words of writers(at, at.repo, commit)) {
    await checkRefused(words, { ...at.options, code: 'ERR_COMMIT_MISSING', naming: [commit] });
  }
});

const spoilt = [
  ['/small', 'file'],
  ['/large', 'file'],
  ['/directory', 'dirtree'],
] as const;

for (const [path, type] of spoilt) {
  for (const fault of ['missing', 'corrupt'] as const) {
    test(`a commit in which the ${type} of ${path} is ${fault}`, { skip, timeout }, async (t) => {
      const at = await place(t);
      const entry = (await listTree(at.repo, at.commit)).find((candidate) => candidate.path === path);
      const id = entry?.checksum ?? '';
      const object = join(at.repo, 'objects', id.slice(0, 2), `${id.slice(2)}.${type}`);
      if (fault === 'missing') rmSync(object);
      else flipLastByte(object);
      const code = fault === 'missing' ? 'ERR_OBJECT_MISSING' : 'ERR_OBJECT_CORRUPT';
      for (const words of writers(at, at.repo, REF)) {
        await checkRefused(words, { ...at.options, code, naming: [id] });
      }
    });
  }
}

function flipLastByte(path: string): void {
  const { size } = lstatSync(path);
  const [byte = 0] = readFileSync(path).subarray(size - 1);
  writeSync(openSync(path, 'r+'), Buffer.from([byte ^ 0x55]), 0, 1, size - 1);
}

test('a target that exists and is no image of its kind', { skip, timeout }, async (t) => {
  const at = await place(t);
  const [file, full] = [join(at.out, 'file'), join(at.out, 'folder')];
  writeFileSync(file, 'precious\n');
  await mkdir(full);
  writeFileSync(join(full, 'precious'), 'precious\n');
  const targets = [`oci:${file}`, `oci:${full}`, `oci-archive:${full}`, `oci-archive:${file}`];
  for (const verb of [
    ['container', 'encapsulate'],
    ['mirror', 'build'],
  ]) {
    for (const target of targets) {
      const words = [...verb, '--quiet', '--repo', at.repo, REF, target];
      const naming = [target.replace(/^[^:]*:/, '')];
      await checkRefused(words, { ...at.options, code: 'ERR_IMAGE_TARGET', naming });
    }
  }
});

test('a disk that is full', { skip: skip || (await unlessTmpfs()), timeout }, async (t) => {
  const at = await place(t);
  const disk = join(at.folder, 'disk');
  await mkdir(disk);
  await must(['mount', '-t', 'tmpfs', '-o', 'size=3m', 'treeport-e2e', disk]);
  atEnd(t, () => must(['umount', disk]));
  const untouched = [...at.options.untouched, disk];
  for (const words of writers({ ...at, out: disk }, at.repo, REF)) {
    await checkRefused(words, { ...at.options, untouched, code: 'ERR_DISK_FULL', naming: [disk] });
  }
});

/** Mounting may be denied even to root, as in containers. */
async function unlessTmpfs(): Promise<string | false> {
  if (unlessRoot()) return unlessRoot();
  const mount = ['unshare', '--mount', 'mount', '-t', 'tmpfs', 'treeport-e2e', '/mnt'];
  return must(mount).then(
    () => false as const,
    () => 'this machine does not let root mount a tmpfs',
  );
}

test('skopeo that is not installed', { skip, timeout }, async (t) => {
  const at = await place(t);
  const options = { ...at.options, env: { ...at.options.env, PATH: at.out } };
  const words = ['container', 'encapsulate', '--quiet', '--repo', at.repo, REF, 'docker://localhost:1/x'];
  await checkRefused(words, { ...options, code: 'ERR_SKOPEO_MISSING', naming: ['skopeo'] });
});

test('skopeo that fails is given the word', {
  skip: skip || unlessInstalled('skopeo'),
  timeout,
}, async (t) => {
  const at = await place(t);
  const name = `localhost:${await freePort()}/x`;
  // Where skopeo looks for credentials.
  const env = { ...at.options.env, XDG_RUNTIME_DIR: at.folder };
  for (const verb of [
    ['container', 'encapsulate'],
    ['mirror', 'build'],
  ]) {
    const words = [...verb, '--quiet', '--repo', at.repo, REF, `docker://${name}`];
    await checkRefused(words, {
      ...at.options,
      env,
      code: 'ERR_REGISTRY_UNREACHABLE',
      naming: ['connection refused'],
    });
  }
});

test('an image that was not made from a commit given to mirror wrap', { skip, timeout }, async (t) => {
  const at = await place(t);
  const image = join(at.folder, 'image');
  await makePlainImage(image);
  const words = ['mirror', 'wrap', '--quiet', `oci:${image}`, `oci:${at.out}/mirror`];
  const naming = [image, 'ostree.final-diffid'];
  const untouched = [...at.options.untouched, image];
  await checkRefused(words, { ...at.options, untouched, code: 'ERR_NOT_ENCAPSULATED', naming });
});

/** An image of one empty layer, as other tools make it. */
async function makePlainImage(path: string): Promise<void> {
  const blobs = join(path, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const blob = (mediaType: string, bytes: Buffer) => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(blobs, hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const json = (kind: string, value: object) =>
    blob(`application/vnd.oci.image.${kind}.v1+json`, Buffer.from(JSON.stringify(value)));
  const layer = blob('application/vnd.oci.image.layer.v1.tar', Buffer.alloc(1024));
  const config = json('config', {
    architecture: 'amd64',
    os: 'linux',
    config: { Labels: { version: '1' } },
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
    history: [{ created_by: 'somebody' }],
  });
  const manifest = json('manifest', { schemaVersion: 2, config, layers: [layer] });
  writeFileSync(join(path, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
  writeFileSync(join(path, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
}

test('mirror wrap of what is no image at all', { skip, timeout }, async (t) => {
  const at = await place(t);
  const words = ['mirror', 'wrap', '--quiet', `oci:${at.folder}/nowhere`, `oci:${at.out}/mirror`];
  await checkRefused(words, { ...at.options, code: 'ERR_IMAGE_MISSING', naming: ['nowhere'] });
});

test('mirror wrap of an image with a damaged layer', { skip, timeout }, async (t) => {
  const at = await place(t);
  const image = join(at.folder, 'image');
  await mustTreeport(['container', 'encapsulate', '--quiet', '--repo', at.repo, REF, `oci:${image}`]);
  const [layer] = readLayout(image).layers;
  flipLastByte(layer?.path ?? '');
  const words = ['mirror', 'wrap', '--quiet', `oci:${image}`, `oci:${at.out}/mirror`];
  const naming = [(layer?.digest ?? '').replace('sha256:', '')];
  await checkRefused(words, { ...at.options, code: 'ERR_BLOB_CORRUPT', naming });
});

test('a port in use', { skip, timeout }, async (t) => {
  const at = await place(t);
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const words = ['serve', '--repo', at.repo, '--listen', `127.0.0.1:${port}`];
  await checkRefused(words, { ...at.options, code: 'ERR_LISTEN', naming: [String(port)] });
});

test('a config that cannot be used', { skip, timeout }, async (t) => {
  const at = await place(t);
  const cases = [
    ['{"Env": [', 'ERR_JSON'],
    ['["a list"]', 'ERR_JSON'],
    ['', 'ERR_JSON'],
    [undefined, 'ERR_CONFIG_FILE'],
  ] as const;
  for (const [index, [text, code]] of cases.entries()) {
    const config = join(at.folder, `config-${index}.json`);
    if (text !== undefined) writeFileSync(config, text);
    for (const verb of [
      ['container', 'encapsulate'],
      ['mirror', 'build'],
    ]) {
      const words = [...verb, '--quiet', '--repo', at.repo, '--config', config, REF, `oci:${at.out}/image`];
      await checkRefused(words, { ...at.options, code, naming: [config] });
    }
  }
});
