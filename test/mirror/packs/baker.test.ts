import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, readSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import type { Bake } from '../../../src/mirror/packs/bake.ts';
import { type Baked, withBaker } from '../../../src/mirror/packs/baker.ts';
import { Packs } from '../../../src/mirror/packs/packs.ts';
import type { Checksum } from '../../../src/ostree/checksum.ts';
import { type FileHeader, S_IFREG } from '../../../src/ostree/file-header.ts';
import type { ContentObject } from '../../../src/ostree/object-source.ts';
import type { FileRange } from '../../../src/ostree/ready-objects.ts';
import { deflate } from '../../../src/ostree/verified-filez.ts';
import { fileChecksum } from '../../../src/ostree/verify.ts';
import { NO_XATTRS } from '../../../src/ostree/xattrs.ts';

const PLAIN: FileHeader = { uid: 0, gid: 0, mode: S_IFREG | 0o644, target: '', xattrs: NO_XATTRS };
const KIB = 1024;

type Sample = { readonly checksum: Checksum; readonly object: ContentObject };

async function sample(size: number): Promise<Sample> {
  const bytes = Buffer.from(
    randomBytes(Math.ceil(size / 2))
      .toString('hex')
      .slice(0, size),
  );
  const object = {
    header: PLAIN,
    size,
    stream: async function* () {
      for (let at = 0; at < size; at += 100_000) yield bytes.subarray(at, at + 100_000);
    },
  };
  return { checksum: await fileChecksum(object), object };
}

let directory: string;
let samples: readonly Sample[];
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'treeport-baker-'));
  const sizes = [0, 1, 4096, 4097, 16 * KIB, 16 * KIB + 1, 100 * KIB, 1024 * KIB, 1024 * KIB + 1, 5000 * KIB];
  samples = await Promise.all(sizes.map(sample));
});
after(() => rm(directory, { recursive: true }));

async function* checksums(of: readonly Sample[]): AsyncGenerator<Checksum> {
  for (const { checksum } of of) yield checksum;
}

async function baked(
  bake: Bake,
  given: readonly Sample[] = samples,
): Promise<Baked & { readonly path: string }> {
  const path = await mkdtemp(join(directory, 'repo-'));
  const result = await withBaker(path, bake, async (baker) => {
    for (const { checksum, object } of given) if (baker.wants(object)) await baker.add(checksum, object);
    return baker.finish(checksums(samples));
  });
  return { ...result, path };
}

test('none leaves nothing behind', async () => {
  const { path, ...result } = await baked('none');
  assert.deepEqual(result, { objects: 0, bytes: 0, packs: 0 });
  assert.deepEqual(readdirSync(path), []);
});

test('auto takes the small objects, all takes all, a size takes the smallest', async () => {
  const found = async (bake: Bake) => {
    const { path, objects, bytes, packs } = await baked(bake);
    const opened = Packs.open(path) as Packs;
    const sizes = samples.filter(({ checksum }) => opened.find(checksum)).map(({ object }) => object.size);
    opened.close();
    assert.equal(objects, sizes.length);
    const names = readdirSync(join(path, 'packs')).filter((name) => name !== 'index');
    assert.equal(packs, names.length);
    assert.equal(
      bytes,
      names.reduce((sum, name) => sum + readFileSync(join(path, 'packs', name)).length, 0),
    );
    assert.deepEqual(readdirSync(path), ['packs']);
    return sizes;
  };
  const all = samples.map(({ object }) => object.size);
  assert.deepEqual(await found('auto'), all.slice(0, 5));
  assert.deepEqual(await found('all'), all);
  assert.deepEqual(await found(5000), all.slice(0, 3));
});

test('the archive files are those of a warm cache', async () => {
  const { path } = await baked('all');
  const packs = Packs.open(path) as Packs;
  for (const { checksum, object } of samples) {
    const { fd, from, length } = packs.find(checksum) as FileRange;
    const parts = await deflate(await collect(object.stream()), 6);
    const body = Buffer.concat(parts);
    const packed = Buffer.alloc(body.length);
    readSync(fd, packed, 0, packed.length, from + length - body.length);
    assert.ok(packed.equals(body), `object of ${object.size} bytes`);
  }
  packs.close();
});

test('packs do not depend on the order in which objects come', async () => {
  const one = await baked('all');
  const other = await baked('all', samples.toReversed());
  const files = (path: string) =>
    readdirSync(join(path, 'packs')).map((name) => [name, readFileSync(join(path, 'packs', name))]);
  assert.deepEqual(files(one.path), files(other.path));
});

test('a corrupt object ends the baking', async () => {
  for (const number of [2, 6, 9]) {
    const [wrong, right] = [samples[number] as Sample, samples[0] as Sample];
    const given = samples.with(number, { checksum: right.checksum, object: wrong.object }).slice(1);
    await assert.rejects(baked('all', given), { code: 'ERR_OBJECT_CORRUPT' });
  }
});
