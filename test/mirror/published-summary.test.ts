import assert from 'node:assert/strict';
import {
  lstat,
  mkdir,
  mkdtemp,
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
import { variant } from '../../src/gvariant/index.ts';
import { parseSummary, type SummaryRef, serializeSummary } from '../../src/ostree/summary.ts';
import { buildSummary } from '../../src/ostree/summary-build.ts';
import { coded } from '../support/expect.ts';
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
  await writeFile(join(repo.path, 'summary.idx'), 'of flatpak');
}

test('a signed summary that fits is carried over with its signature', { skip }, async () => {
  const { path, source, warnings } = await makeMirror(directory, {
    prepare: (source) => signSummary(source),
  });
  for (const name of ['summary', 'summary.sig', 'summary.idx']) {
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
  await assert.rejects(stat(join(path, 'summary.idx')), { code: 'ENOENT' });
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

const SUB_SUMMARY = `${'a'.repeat(64)}.gz`;

/** Signs the summary and makes it and flatpak's files links to what lies in `target`. */
function linkSummary(target: string) {
  return async (source: MirrorSource) => {
    const { path } = source.repo;
    await signSummary(source);
    await mkdir(join(path, 'summaries'));
    await writeFile(join(path, 'summaries', SUB_SUMMARY), 'sub-summary');
    await mkdir(join(path, target, 'summaries'), { recursive: true });
    for (const name of ['summary', 'summary.sig', 'summary.idx', `summaries/${SUB_SUMMARY}`]) {
      await rename(join(path, name), join(path, target, name));
      await symlink(join(path, target, name), join(path, name));
    }
  };
}

test('a summary may be a link to a file of the repository, and is a file in the mirror', {
  skip,
}, async () => {
  const { path, source } = await makeMirror(directory, { prepare: linkSummary('generation') });
  for (const name of ['summary', 'summary.sig', 'summary.idx', `summaries/${SUB_SUMMARY}`]) {
    assert.ok((await lstat(join(path, name))).isFile(), name);
    assert.deepEqual(await readFile(join(path, name)), await readFile(join(source.repo.path, name)));
  }
});

test('no file from outside of the repository gets into a mirror', { skip }, async () => {
  const made = makeMirror(directory, { prepare: linkSummary('../outside') });
  await assert.rejects(made, coded('ERR_FILE_UNSAFE', 'summary', 'outside'));
});
