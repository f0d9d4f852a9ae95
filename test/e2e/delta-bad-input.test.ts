/** Bad input to the delta verbs ends in one line: what happened, to which object, and what to do. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { deltasVariant, listDeltas, STATIC_DELTAS_KEY } from '../../src/ostree/delta-list.ts';
import { deltaKey, superblockPath } from '../../src/ostree/delta-name.ts';
import { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import { serializeSummary } from '../../src/ostree/summary.ts';
import { repeatedChecksum } from '../support/checksums.ts';
import { deltaFixturePath, deltaRepository } from '../support/delta-fixtures.ts';

const CLI = join(import.meta.dirname, '../../src/cli.ts');
const ABSENT = repeatedChecksum('ab');
const MIB = 1024 * 1024;

/** The only line on standard error, without its beginning. */
function refused(code: string, ...words: readonly string[]): string {
  const { status, stderr } = spawnSync(process.execPath, [CLI, 'delta', ...words], { encoding: 'utf8' });
  const line = new RegExp(`^treeport: ${code}: (.*)\n$`).exec(stderr)?.[1];
  assert.ok(line !== undefined, stderr);
  assert.equal(status, 1);
  return line;
}

function copiedDelta(t: TestContext): { readonly repo: string; readonly delta: string } {
  const repo = deltaRepository(t);
  const delta = join(repo, 'copied');
  cpSync(deltaFixturePath('variants/scratch-parts'), delta, { recursive: true });
  return { repo, delta };
}

test('commits that are not there', async (t) => {
  const repo = deltaRepository(t);
  const line = `no commit ${ABSENT} in repository ${repo}`;
  assert.equal(refused('ERR_COMMIT_MISSING', 'generate', '--repo', repo, ABSENT), line);
  assert.equal(refused('ERR_COMMIT_MISSING', 'generate', '--repo', repo, '--from', ABSENT, 'fx'), line);
  const empty = join(repo, 'empty');
  await ArchiveWriter.create(empty);
  const base = refused(
    'ERR_DELTA_BASE',
    'apply',
    '--repo',
    empty,
    deltaFixturePath('variants/from-to-inline'),
  );
  assert.match(
    base,
    /^the delta starts from commit 1b43ca\w+, which .* not have in full: .*; pull that commit/,
  );
});

test('parts that are missing or others', (t) => {
  const { repo, delta } = copiedDelta(t);
  const part = join(delta, '1');
  const lineFor = (change: () => void) => {
    cpSync(deltaFixturePath('variants/scratch-parts/1'), part);
    change();
    return refused('ERR_DELTA_PART', 'verify', '--repo', repo, delta);
  };
  const advice = '; copy or generate the delta again';
  const what = `part 1 of delta ${delta}`;
  assert.equal(
    lineFor(() => rmSync(part)),
    `${what} is missing${advice}`,
  );
  assert.equal(
    lineFor(() => truncateSync(part, 100)),
    `${what} has 100 bytes, its header says 2353${advice}`,
  );
  assert.equal(
    lineFor(() => truncateSync(part, 2354)),
    `${what} is larger than its header says, 2353 bytes${advice}`,
  );
  assert.match(
    lineFor(() => writeFileSync(part, Buffer.alloc(2353))),
    /has checksum \w{64}, its header says \w{64}; copy or generate the delta again$/,
  );
});

test('payloads that clients would read as something else', (t) => {
  const repo = deltaRepository(t);
  const verify = (fixture: string) =>
    refused('ERR_DELTA_CORRUPT', 'verify', '--repo', repo, deltaFixturePath(fixture));
  assert.match(verify('crafted/notnormal'), /^the payload of part 0 of delta \S+ is not in normal form: /);
  assert.match(
    verify('crafted/badoffset'),
    /^part 0 of delta \S+: an operation reads \d+ bytes at \d+ of the blob, which has \d+ bytes$/,
  );
});

test('a superblock that the index or the summary lists otherwise', async (t) => {
  const repo = deltaRepository(t);
  const [scratch, update] = await listDeltas(repo);
  assert.ok(scratch !== undefined && update !== undefined);
  const other = { ...scratch, superblock: ABSENT };
  const metadata = new Map([[STATIC_DELTAS_KEY, deltasVariant([other])]]);
  writeFileSync(join(repo, 'summary'), serializeSummary({ refs: [], metadata }));
  assert.equal(
    refused('ERR_DELTA_INDEX', 'verify', '--repo', repo, deltaKey(scratch.name)),
    `delta ${deltaKey(scratch.name)} has the superblock ${scratch.superblock}, but summary lists ${ABSENT}; run ostree summary --update, and sign the summary again if it is signed`,
  );
  const superblock = join(deltaFixturePath('variants/from-to-inline'), 'superblock');
  cpSync(superblock, join(repo, superblockPath(update.name)), { force: true });
  const line = refused('ERR_DELTA_INDEX', 'verify', '--repo', repo, deltaKey(update.name));
  assert.match(line, /but delta-indexes\/\S+ lists \w{64}; run ostree static-delta reindex$/);
});

test('a superblock that clients refuse', async (t) => {
  const repo = deltaRepository(t);
  const [delta] = await listDeltas(repo);
  assert.ok(delta !== undefined);
  truncateSync(join(repo, superblockPath(delta.name)), 128 * MIB + 1);
  assert.match(
    refused('ERR_DELTA_TOO_LARGE', 'verify', '--repo', repo, deltaKey(delta.name)),
    /^the superblock of delta \w+ is larger than ostree clients accept \(10 MiB before 2023\.4, 128 MiB since\); /,
  );
});

test('keys that cannot be used', (t) => {
  const repo = deltaRepository(t);
  const key = join(repo, 'key');
  writeFileSync(key, 'no key\n');
  const target = ['--empty', '--filename', join(repo, 'superblock')];
  const signing = (path: string) =>
    refused('ERR_SIGNING_KEY', 'generate', '--repo', repo, ...target, '--keys-file', path, 'fx');
  assert.equal(signing('/nothing'), 'cannot sign with the keys in /nothing: there is no such file');
  assert.match(signing(key), /keys in \S+, line 1: it is not a secret key for ed25519 \(base64/);
  const signed = deltaFixturePath('variants/from-to-signed-ed25519-by-hand');
  const verifying = (path: string) =>
    refused('ERR_NO_KEYS', 'verify', '--repo', repo, '--keys-file', path, signed);
  assert.equal(verifying('/nothing'), 'there is no file /nothing with keys to verify with');
  assert.match(verifying(key), /^no ed25519 public key \(base64 of 32 bytes\) in /);
});
