import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import { TreeportError } from '../../../src/base/errors.ts';
import { finishImage } from '../../../src/container/encapsulate/image-draft.ts';
import { digestOf } from '../../../src/oci/model/descriptor.ts';
import { openImage } from '../../../src/oci/read/open-image.ts';
import { putBlob } from '../../../src/oci/write/image-sink.ts';
import { writeLayer } from '../../../src/oci/write/layer-writer.ts';
import { publishImage } from '../../../src/oci/write/publish.ts';
import { attributePieceError } from '../../../src/snapshot/pieces/attribute-piece-error.ts';
import { findPieces } from '../../../src/snapshot/pieces/find-pieces.ts';
import { openPieces } from '../../../src/snapshot/pieces/open-pieces.ts';
import { checkMedia, splitArchive } from '../../../src/snapshot/pieces/split.ts';
import { verifyPiece } from '../../../src/snapshot/pieces/verify-piece.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { Random } from '../../gvariant/random.ts';
import { coded } from '../../support/expect.ts';
import { COMPRESSION } from '../../support/mirror-images.ts';

const SIZE = 10_000;

/** An archive of some pieces, and its digest. */
async function archiveIn(directory: string, seed = 1) {
  const path = join(directory, `archive-${seed}`);
  const words = new Uint32Array(9000).map(() => new Random(seed).next() * Math.random());
  const layer = Buffer.alloc(1024 * 40);
  Buffer.from(words.buffer).copy(layer);
  const digest = await publishImage({ transport: 'oci-archive', name: path }, async (sink) => {
    await putBlob(sink, layer, 'application/octet-stream');
    const { descriptor, diffId } = await writeLayer(sink, once(Buffer.alloc(1024)), {
      compression: COMPRESSION,
    });
    return finishImage(sink, {
      platform: { os: 'linux', architecture: 'amd64' },
      created: '1970-01-01T00:00:00Z',
      config: {},
      labels: { seed: String(seed) },
      layers: [{ descriptor, diffId, history: { created: '1970-01-01T00:00:00Z', created_by: 'x' } }],
    });
  });
  return { path, digest, bytes: readFileSync(path), layer: digestOf(layer), length: layer.length };
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

async function splitIn(t: TestContext) {
  const directory = await tempDir(t);
  const media = ['one', 'two', 'three'].map((name) => join(directory, name)) as [string, string, string];
  for (const path of media) mkdirSync(path);
  const archive = await archiveIn(directory);
  const options = {
    target: join(media[0], 'os'),
    size: SIZE,
    media: media.slice(1),
    manifest: archive.digest,
  };
  const seen: [string, boolean][] = [];
  const onPiece = (path: string, isKept: boolean) => seen.push([path, isKept]);
  await splitArchive(archive.path, { ...options, onPiece });
  return { directory, media, archive, options, seen, onPiece };
}

test('pieces in several directories are read as the archive', async (t) => {
  const { media, archive, options } = await splitIn(t);
  const names = readdirSync(media[0]);
  assert.ok(names.length > 3);
  for (const name of names) {
    assert.ok(statSync(join(media[0], name)).size <= SIZE);
    await verifyPiece(join(media[0], name));
  }
  for (const [index, name] of names.entries()) {
    copyFileSync(join(media[0], name), join(media[1 + (index % 2)] as string, name));
    rmSync(join(media[0], name));
  }
  const [first, ...others] = await findPieces(options.target, [media[2], media[1]]);
  assert.ok(first !== undefined);
  const image = await openPieces({ transport: 'oci-archive', name: options.target }, [first, ...others]);
  const whole = await openImage({ transport: 'oci-archive', name: archive.path });
  assert.ok(image.configBytes.equals(whole.configBytes));
  const blob = { mediaType: 'application/octet-stream', digest: archive.layer, size: archive.length };
  assert.equal(digestOf(await collect(image.blob(blob))), archive.layer);
  await image.close();
  await whole.close();
});

test('pieces that are there are kept, damaged ones are written again', async (t) => {
  const { media, archive, options, seen, onPiece } = await splitIn(t);
  const paths = seen.map(([path]) => path);
  assert.ok(seen.every(([, isKept]) => !isKept));
  const [first, second] = paths as [string, string];
  rmSync(first);
  const bytes = readFileSync(second);
  bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
  writeFileSync(second, bytes);
  await assert.rejects(verifyPiece(second), {
    code: 'ERR_PIECE',
    message: /os\.002 cannot be used: its bytes are damaged/,
  });
  seen.length = 0;
  await splitArchive(archive.path, { ...options, onPiece });
  assert.deepEqual(
    seen.filter(([, isKept]) => !isKept).map(([path]) => path),
    [first, second],
  );
  assert.deepEqual(readdirSync(media[0]).length, paths.length);
});

test('a missing piece and one of another snapshot are named', async (t) => {
  const { directory, media, options, seen } = await splitIn(t);
  const last = seen.at(-1)?.[0] ?? assert.fail();
  rmSync(last);
  const count = seen.length;
  await assert.rejects(findPieces(options.target, media.slice(1)), {
    code: 'ERR_PIECE',
    message: new RegExp(`of the ${count} pieces of .*, piece ${count} is missing`),
  });
  const other = await archiveIn(directory, 2);
  await splitArchive(other.path, {
    ...options,
    target: join(media[1], 'os'),
    media: [],
    manifest: other.digest,
  });
  await assert.rejects(findPieces(options.target, media.slice(1)), {
    code: 'ERR_PIECE',
    message: /two\/os\.001 cannot be used: it is of another snapshot \(sha256:\w+\) than .*one\/os\.001/,
  });
  assert.deepEqual(await findPieces(join(media[2], 'os'), []), []);
});

test('a file that is no piece, or is cut off, is refused', async (t) => {
  const { options, seen } = await splitIn(t);
  const [path] = seen[0] as [string, boolean];
  const bytes = readFileSync(path);
  for (const [content, message] of [
    [Buffer.from('text'), /no piece of a snapshot/],
    [bytes.subarray(0, -1), /has \d+ bytes instead of \d+/],
    [Buffer.concat([bytes.subarray(0, 30), Buffer.from([1]), bytes.subarray(31)]), /header is damaged/],
  ] as const) {
    writeFileSync(path, content);
    await assert.rejects(findPieces(options.target, []), { code: 'ERR_PIECE', message });
  }
});

test('a medium that is not there', async (t) => {
  const directory = await tempDir(t);
  await checkMedia([directory]);
  const none = join(directory, 'none');
  await assert.rejects(checkMedia([directory, none]), coded('ERR_IO', `no medium at ${none}`));
});

test('media that are too small: nothing is written, and it says how much is missing', async (t) => {
  const directory = await tempDir(t);
  const archive = await archiveIn(directory);
  const medium = join(directory, 'medium');
  mkdirSync(medium);
  const options = { target: join(medium, 'os'), size: SIZE, media: [], manifest: archive.digest };
  await assert.rejects(splitArchive(archive.path, { ...options, freeBytes: async () => 2 * SIZE }), {
    code: 'ERR_DISK_FULL',
    message: /^\d+ of \d+ pieces do not fit on .*medium: [\d.]+ kB are missing; nothing was written/,
  });
  assert.deepEqual(readdirSync(medium), []);
});

test('damage that a reader meets is attributed to the piece; other faults cost no reading', async (t) => {
  const { archive, media, options } = await splitIn(t);
  const pieces = await findPieces(options.target, [...media]);
  const fault = new TreeportError('ERR_BLOB_CORRUPT', 'a layer is corrupt');
  const work = () => Promise.reject(fault);
  await assert.rejects(attributePieceError(pieces, work), fault);
  const { path } = pieces[1] ?? assert.fail();
  const bytes = readFileSync(path);
  bytes.writeUInt8((bytes.at(-1) ?? 0) ^ 1, bytes.length - 1);
  writeFileSync(path, bytes);
  await assert.rejects(attributePieceError(pieces, work), coded('ERR_PIECE', path));
  const unsigned = new TreeportError('ERR_SIGNATURE_MISSING', 'not signed');
  await assert.rejects(
    attributePieceError(pieces, () => Promise.reject(unsigned)),
    unsigned,
  );
  assert.equal(await attributePieceError(pieces, async () => archive.digest), archive.digest);
});
