import assert from 'node:assert/strict';
import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { gzipSync } from 'node:zlib';
import { variant } from '../../src/gvariant/index.ts';
import type { Checksum } from '../../src/ostree/checksum.ts';
import { commitTree } from '../../src/ostree/commit-tree.ts';
import { parseSummary, type SummaryRef, serializeSummary } from '../../src/ostree/summary.ts';
import { buildSummary } from '../../src/ostree/summary-build.ts';
import { coded } from '../support/expect.ts';
import { writeFlatpakIndex } from '../support/flatpak-index.ts';
import { MIRROR_REF, type MirrorSource } from '../support/mirror-repos.ts';
import { makeMirror } from '../support/mirror-root.ts';
import { unlessInstalled } from '../support/programs.ts';

const skip = unlessInstalled('tar');

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'treeport-published-'));
});
after(() => rm(directory, { recursive: true }));

test('a summary is generated where the source has none', { skip }, async () => {
  const { path, source, warnings } = await makeMirror(directory);
  const summary = parseSummary(await readFile(join(path, 'summary')));
  assert.deepEqual(
    summary.refs.map(({ name, commit }) => [name, commit]),
    [[MIRROR_REF, source.commit]],
  );
  assert.deepEqual(summary.metadata.get('ostree.summary.mode'), variant('s', 'archive-z2'));
  assert.deepEqual(warnings, []);
});

async function signSummary({ repo }: MirrorSource, more: readonly SummaryRef[] = []): Promise<void> {
  const { refs, metadata } = await buildSummary(repo);
  await writeFile(join(repo.path, 'summary'), serializeSummary({ refs: [...refs, ...more], metadata }));
  await writeFile(join(repo.path, 'summary.sig'), 'a signature');
}

test('a signed summary that fits is carried over with its signature', { skip }, async () => {
  const { path, source, warnings } = await makeMirror(directory, {
    prepare: (source) => signSummary(source),
  });
  for (const name of ['summary', 'summary.sig']) {
    assert.deepEqual(await readFile(join(path, name)), await readFile(join(source.repo.path, name)));
  }
  assert.deepEqual(warnings, []);
});

test('a signed summary that lists other refs is replaced, with a warning', { skip }, async () => {
  const addRef = (source: MirrorSource) =>
    signSummary(source, [{ name: 'other', commit: source.first, commitSize: 1, metadata: new Map() }]);
  const { path, warnings } = await makeMirror(directory, { prepare: addRef });
  assert.deepEqual(
    parseSummary(await readFile(join(path, 'summary'))).refs.map(({ name }) => name),
    [MIRROR_REF],
  );
  await assert.rejects(stat(join(path, 'summary.sig')), { code: 'ENOENT' });
  assert.match(warnings[0] as string, /signed summary .* lists other .* not published/);
});

test('a signed summary of another time, or one that is broken, is replaced with a warning', {
  skip,
}, async () => {
  const older = async (source: MirrorSource) => {
    await source.writer.ref(MIRROR_REF, source.first);
    await signSummary(source);
    await source.writer.ref(MIRROR_REF, source.commit);
  };
  assert.match((await makeMirror(directory, { prepare: older })).warnings[0] as string, /lists exampleos/);
  const broken = async (source: MirrorSource) => {
    await signSummary(source);
    await truncate(join(source.repo.path, 'summary'), 10);
  };
  assert.match((await makeMirror(directory, { prepare: broken })).warnings[0] as string, /cannot be read/);
});

/** A ref as flatpak's index lists it. */
function listed(name: string, commit: Checksum): SummaryRef {
  return { name, commit, commitSize: 1, metadata: new Map() };
}

/** Publishes a second branch, as flatpak makes one for a subset, which only the index lists. */
const SUBSET_REF = 'appstream2/free-x86_64';

async function commitSubset({ writer }: MirrorSource): Promise<Checksum> {
  const empty = { kind: 'directory', mode: 0o755, xattrs: [], entries: new Map() } as const;
  const commit = await commitTree(writer, empty, { timestamp: 1, metadata: new Map() });
  await writer.ref(SUBSET_REF, commit);
  return commit;
}

async function addSubset(source: MirrorSource): Promise<void> {
  await signSummary(source);
  const subset = await commitSubset(source);
  writeFlatpakIndex(source.repo.path, {
    x86_64: [listed(MIRROR_REF, source.commit)],
    'free-x86_64': [listed(MIRROR_REF, source.commit), listed(SUBSET_REF, subset)],
  });
  await writeFile(join(source.repo.path, 'summary.idx.sig'), 'a signature');
}

const FLATPAK_FILES = ['summary', 'summary.sig', 'summary.idx', 'summary.idx.sig'];

test("a signed summary is carried over with flatpak's index, which lists more", { skip }, async () => {
  const { path, source, warnings } = await makeMirror(directory, {
    words: () => [MIRROR_REF, SUBSET_REF],
    prepare: addSubset,
  });
  const subSummaries = await readdir(join(source.repo.path, 'summaries'));
  assert.equal(subSummaries.length, 2);
  for (const name of [...FLATPAK_FILES, ...subSummaries.map((file) => `summaries/${file}`)]) {
    assert.deepEqual(await readFile(join(path, name)), await readFile(join(source.repo.path, name)), name);
  }
  assert.deepEqual(warnings, []);
});

test('an index that lists what is not published, or is damaged, is left behind, with a warning', {
  skip,
}, async () => {
  const without = await makeMirror(directory, { prepare: addSubset });
  assert.match(
    without.warnings.join(),
    /summary.idx of .* lists appstream2\/free-x86_64 as .* not published/,
  );
  const damage = async (source: MirrorSource) => {
    await addSubset(source);
    const [name = ''] = await readdir(join(source.repo.path, 'summaries'));
    await writeFile(join(source.repo.path, 'summaries', name), gzipSync('another'));
  };
  const words = () => [MIRROR_REF, SUBSET_REF];
  const damaged = await makeMirror(directory, { words, prepare: damage });
  assert.match(damaged.warnings.join(), /does not match its checksum in the index/);
  const remove = async (source: MirrorSource) => {
    await addSubset(source);
    await rm(join(source.repo.path, 'summaries'), { recursive: true });
  };
  const removed = await makeMirror(directory, { words, prepare: remove });
  assert.match(removed.warnings.join(), /summaries\/\S+ is missing/);
  for (const { path } of [without, damaged, removed]) {
    await assert.rejects(stat(join(path, 'summary.idx')), { code: 'ENOENT' });
    assert.equal(await readFile(join(path, 'summary.sig'), 'utf8'), 'a signature', 'the summary still fits');
  }
});

test('what a summary does not list: the signed one stays, with a warning, another is made anew', {
  skip,
}, async () => {
  const words = () => [MIRROR_REF, SUBSET_REF];
  const addExtra = async (source: MirrorSource) => {
    await signSummary(source);
    await commitSubset(source);
  };
  const signed = await makeMirror(directory, { words, prepare: addExtra });
  assert.equal(await readFile(join(signed.path, 'summary.sig'), 'utf8'), 'a signature');
  assert.match(signed.warnings.join(), /does not list appstream2\/free-x86_64/);
  const unsigned = await makeMirror(directory, {
    words,
    prepare: async (source) => {
      await addExtra(source);
      await rm(join(source.repo.path, 'summary.sig'));
    },
  });
  const { refs } = parseSummary(await readFile(join(unsigned.path, 'summary')));
  assert.deepEqual(
    refs.map(({ name }) => name),
    [SUBSET_REF, MIRROR_REF],
  );
  assert.deepEqual(unsigned.warnings, []);
});

test("flatpak's files for people are carried over", { skip }, async () => {
  const { path } = await makeMirror(directory, {
    prepare: async ({ repo }) => {
      for (const name of ['os.flatpakrepo', 'app.flatpakref', '.hidden.flatpakref', 'other.txt']) {
        await writeFile(join(repo.path, name), name);
      }
    },
  });
  assert.equal(await readFile(join(path, 'os.flatpakrepo'), 'utf8'), 'os.flatpakrepo');
  assert.equal(await readFile(join(path, 'app.flatpakref'), 'utf8'), 'app.flatpakref');
  for (const name of ['.hidden.flatpakref', 'other.txt']) {
    await assert.rejects(stat(join(path, name)), { code: 'ENOENT' });
  }
});

/** Signs the summary and makes it and flatpak's files links to what lies in `target`. */
function linkSummary(target: string) {
  return async (source: MirrorSource) => {
    const { path } = source.repo;
    await signSummary(source);
    const indexes = writeFlatpakIndex(path, { x86_64: [listed(MIRROR_REF, source.commit)] });
    await mkdir(join(path, target, 'summaries'), { recursive: true });
    for (const name of ['summary', 'summary.sig', ...indexes]) {
      await rename(join(path, name), join(path, target, name));
      await symlink(join(path, target, name), join(path, name));
    }
  };
}

test('a summary may be a link to a file of the repository, and is a file in the mirror', {
  skip,
}, async () => {
  const { path, source } = await makeMirror(directory, { prepare: linkSummary('generation') });
  const [sub] = await readdir(join(source.repo.path, 'summaries'));
  for (const name of ['summary', 'summary.sig', 'summary.idx', `summaries/${sub}`]) {
    assert.ok((await lstat(join(path, name))).isFile(), name);
    assert.deepEqual(await readFile(join(path, name)), await readFile(join(source.repo.path, name)));
  }
});

test('no file from outside of the repository gets into a mirror', { skip }, async () => {
  const made = makeMirror(directory, { prepare: linkSummary('../outside') });
  await assert.rejects(made, coded('ERR_FILE_UNSAFE', 'summary', 'outside'));
});
