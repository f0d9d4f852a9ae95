/**
 * Every parser of bytes or text that comes from outside: metadata objects, headers, indexes, documents,
 * references.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { collect } from '../../src/base/bytes.ts';
import type { ErrorCode } from '../../src/base/error-codes.ts';
import { unescapeFromRef } from '../../src/container/import/ref-escape.ts';
import { parseOstreeImageReference } from '../../src/container/inspect/ostree-image-reference.ts';
import { print, read, variant, write } from '../../src/gvariant/index.ts';
import { Catalogue } from '../../src/mirror/catalogue.ts';
import { writeCatalogue } from '../../src/mirror/catalogue-writer.ts';
import { parseDigest } from '../../src/oci/model/descriptor.ts';
import { imageConfig, parseImageConfig } from '../../src/oci/model/image-config.ts';
import { parseIndex } from '../../src/oci/model/image-layout.ts';
import { parseManifest } from '../../src/oci/model/manifest.ts';
import { parseImageReference } from '../../src/oci/model/reference.ts';
import { parseChecksum } from '../../src/ostree/checksum.ts';
import { parseCommit } from '../../src/ostree/commit.ts';
import { parseDeltaDirectory } from '../../src/ostree/delta-name.ts';
import { parseDirmeta, serializeDirmeta } from '../../src/ostree/dirmeta.ts';
import { parseDirtree } from '../../src/ostree/dirtree.ts';
import { archiveHeader, parseArchiveHeader, S_IFREG } from '../../src/ostree/file-header.ts';
import { parseFlatpakIndex } from '../../src/ostree/flatpak/index-file.ts';
import { inflateSmall } from '../../src/ostree/inflate.ts';
import { isKeyfileFault, parseKeyfile } from '../../src/ostree/keyfile.ts';
import { parseDict, serializeDict, stringVariant } from '../../src/ostree/metadata-dict.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { loadCommit } from '../../src/ostree/revision.ts';
import { signatureClaims } from '../../src/ostree/sign/openpgp.ts';
import { presentSignatures } from '../../src/ostree/sign/present-signatures.ts';
import { parseSummary, serializeSummary } from '../../src/ostree/summary.ts';
import { buildSummary } from '../../src/ostree/summary-build.ts';
import { parseXattrs, serializeXattrs } from '../../src/ostree/xattrs.ts';
import { mutate, type Random } from '../gvariant/random.ts';
import { writeOstreeFixture } from '../support/ostree-fixture.ts';
import { packageParsers } from './package-parsers.ts';
import { type OpenTarget, outcomeOf } from './target.ts';

type Parser = {
  readonly parse: (bytes: Buffer) => unknown;
  /** Inputs that parse. */
  readonly seeds: readonly Buffer[];
  readonly codes: readonly ErrorCode[];
};

const VARIANT: readonly ErrorCode[] = ['ERR_VARIANT', 'ERR_OBJECT_CORRUPT'];
const DOCUMENT: readonly ErrorCode[] = ['ERR_JSON', 'ERR_DIGEST_SYNTAX', 'ERR_IMAGE_UNSUPPORTED'];
const DIGEST = `sha256:${'ab'.repeat(32)}` as const;
const CREATED = '2026-01-02T03:04:05Z';

export const openParserTarget: OpenTarget = async (folder) => {
  await mkdir(folder, { recursive: true });
  const parsers = [
    ...(await variantParsers(folder)),
    ...documentParsers(),
    ...packageParsers(),
    await catalogueParser(folder),
  ];
  for (const { parse, seeds } of parsers) for (const seed of seeds) await parse(seed);
  return {
    runCase(random) {
      const { parse, seeds, codes } = random.pick(parsers);
      const bytes = mutateBytes(random.pick(seeds), random);
      return outcomeOf(() => parse(bytes), codes);
    },
    close: async () => {},
  };
};

async function variantParsers(folder: string): Promise<readonly Parser[]> {
  const { path, commit } = await writeOstreeFixture(join(folder, 'fixture'));
  const repo = await openRepository(path);
  const { rootTree } = await loadCommit(repo, commit);
  const summary = serializeSummary(await buildSummary(repo));
  const xattrs = [{ name: Buffer.from('user.a'), value: Buffer.from('b') }];
  const header = { uid: 1, gid: 2, mode: S_IFREG | 0o644, target: '', xattrs: serializeXattrs(xattrs) };
  const dict = serializeDict(
    new Map([
      ['a', stringVariant('b')],
      ['ostree.gpgsigs', variant('aay', [Buffer.alloc(40, 0x88)])],
    ]),
  );
  const content = Buffer.from('content '.repeat(100));
  const subSummary = ['x86_64', [Buffer.alloc(32, 1), [Buffer.alloc(32, 2)], []]];
  const index = write('(a{s(ayaaya{sv})}a{sv})', [[subSummary], []]);
  return [
    { parse: parseCommit, seeds: [await repo.objects.metadata('commit', commit)], codes: VARIANT },
    { parse: parseDirtree, seeds: [await repo.objects.metadata('dirtree', rootTree)], codes: VARIANT },
    {
      parse: parseDirmeta,
      seeds: [serializeDirmeta({ uid: 0, gid: 0, mode: 0o40755, xattrs })],
      codes: VARIANT,
    },
    { parse: parseXattrs, seeds: [serializeXattrs(xattrs)], codes: VARIANT },
    { parse: (bytes) => parseArchiveHeader(bytes, 'it'), seeds: [archiveHeader(header, 9)], codes: VARIANT },
    { parse: parseSummary, seeds: [summary], codes: VARIANT },
    { parse: parseFlatpakIndex, seeds: [index], codes: VARIANT },
    { parse: (bytes) => presentSignatures(parseDict(bytes)), seeds: [dict], codes: VARIANT },
    { parse: signatureClaims, seeds: [Buffer.from('8875040013080016', 'hex'), dict], codes: [] },
    { parse: (bytes) => print('a{sv}', read('a{sv}', bytes)), seeds: [dict], codes: VARIANT },
    {
      parse: (bytes) => collect(inflateSmall(bytes, content.length, 'it')),
      seeds: [deflateRawSync(content)],
      codes: VARIANT,
    },
  ];
}

function documentParsers(): readonly Parser[] {
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: DIGEST, size: 3 };
  const platform = { architecture: 'amd64', os: 'linux' };
  const history = { created: CREATED, created_by: 'it' };
  const config = imageConfig({
    platform,
    created: CREATED,
    config: { Labels: { a: 'b' } },
    layers: [{ diffId: DIGEST, history }],
  });
  const text = (parse: (text: string) => unknown) => (bytes: Buffer) => parse(bytes.toString('utf8'));
  return [
    {
      parse: (bytes) => parseManifest(bytes, 'it'),
      seeds: [json({ schemaVersion: 2, config: layer, layers: [layer], annotations: { a: 'b' } })],
      codes: DOCUMENT,
    },
    { parse: (bytes) => parseImageConfig(bytes, 'it'), seeds: [json(config)], codes: DOCUMENT },
    {
      parse: (bytes) => parseIndex(bytes, 'it'),
      seeds: [json({ schemaVersion: 2, manifests: [{ ...layer, platform }] })],
      codes: DOCUMENT,
    },
    { parse: text((word) => parseDigest(word, 'it')), seeds: [Buffer.from(DIGEST)], codes: DOCUMENT },
    {
      parse: text(parseImageReference),
      seeds: [Buffer.from('oci:/a/b:tag'), Buffer.from(`docker://host:5000/a/b@${DIGEST}`)],
      codes: ['ERR_IMAGE_REFERENCE'],
    },
    {
      parse: text(parseOstreeImageReference),
      seeds: [
        Buffer.from('ostree-remote-image:origin:docker://host/a:b'),
        Buffer.from('ostree-unverified-registry:host/a:b'),
      ],
      codes: ['ERR_IMAGE_REFERENCE'],
    },
    { parse: text(unescapeFromRef), seeds: [Buffer.from('docker_3A__2F__2F_a')], codes: ['ERR_REF_SYNTAX'] },
    {
      parse: text((keyfile) => isKeyfileFault(parseKeyfile(keyfile))),
      seeds: [Buffer.from('# it\n[core]\nmode=bare\n[remote "x"]\nurl=a\\nb;c\n')],
      codes: [],
    },
    {
      parse: text((name) => parseDeltaDirectory(name.slice(0, 2), name.slice(2))),
      seeds: [Buffer.from(`${'A'.repeat(43)}-${'B'.repeat(43)}`)],
      codes: [],
    },
  ];
}

async function catalogueParser(folder: string): Promise<Parser> {
  const path = join(folder, 'catalogue');
  const header = { uid: 1, gid: 2, mode: S_IFREG | 0o644, target: '', xattrs: Buffer.alloc(0) };
  const checksums = ['00', '5f', 'ff'].map((start) => parseChecksum(start.padEnd(64, '7')));
  await writeCatalogue(
    path,
    checksums.map((checksum, size) => ({ checksum, header, size })),
  );
  const seed = await readFile(path);
  const parse = (bytes: Buffer) => {
    writeFileSync(path, bytes);
    const catalogue = Catalogue.open(path);
    try {
      for (const checksum of [...catalogue.checksums(), ...checksums]) catalogue.get(checksum);
    } finally {
      catalogue.close();
      rmSync(path);
    }
  };
  return { parse, seeds: [seed], codes: ['ERR_CATALOGUE', 'ERR_OBJECT_CORRUPT', 'ERR_VARIANT'] };
}

const TOKENS: readonly string[] = [
  '[['.repeat(20_000),
  '{"a":'.repeat(20_000),
  '"__proto__"',
  '1e999',
  '-1',
  'null',
  '\0',
  '../../..',
  '\ud800',
  ':'.repeat(5000),
  '_'.repeat(5000),
];

/** One change as in a single wrong byte, or one to four rude ones. */
function mutateBytes(seed: Buffer, random: Random): Buffer {
  if (random.below(3) === 0) return mutate(random, seed);
  let bytes: Buffer = Buffer.from(seed);
  for (let changes = 1 + random.below(4); changes > 0; changes--) bytes = rudely(bytes, random);
  return bytes;
}

function rudely(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const to = at + random.below(bytes.length + 1 - at);
  switch (random.below(6)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)]);
    case 2:
      return bytes.fill(random.pick([0, 0xff, 0x80, 0x7f]), at, Math.min(at + random.below(9), bytes.length));
    case 3:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(random.pick(TOKENS)), bytes.subarray(to)]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), random.bytes(random.below(40)), bytes.subarray(to)]);
    default:
      return bytes.length === 0
        ? random.bytes(8)
        : bytes.fill(
            (bytes[at % bytes.length] ?? 0) ^ (1 << random.below(8)),
            at % bytes.length,
            (at % bytes.length) + 1,
          );
  }
}
