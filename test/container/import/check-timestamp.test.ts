import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { checkTimestamp, type RefTarget } from '../../../src/container/import/check-timestamp.ts';
import { checksumOf } from '../../../src/ostree/checksum.ts';
import { serializeCommit } from '../../../src/ostree/commit.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { ArchiveWriter } from '../../../src/ostree/repo/archive-writer.ts';
import type { CommitHead } from '../../../src/tar/import-commit.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { coded } from '../../support/expect.ts';
import { testFolder } from '../../support/small-image.ts';

function head(timestamp: number): CommitHead {
  const bytes = serializeCommit({
    metadata: new Map(),
    parent: undefined,
    subject: '',
    body: '',
    timestamp,
    rootTree: repeatedChecksum('a'),
    rootMeta: repeatedChecksum('b'),
  });
  return { commit: checksumOf(bytes), bytes, detached: undefined };
}

/** A repository whose ref `os` names a commit of this time, and what is said of another one put on it. */
async function refAt(t: TestContext, timestamp: number) {
  const writer = await ArchiveWriter.create(join(await testFolder(t), 'repo'));
  const current = await writer.metadata('commit', head(timestamp).bytes);
  await writer.ref('os', current);
  const warnings: string[] = [];
  const put = async (next: number, target: Partial<RefTarget> = {}) => {
    warnings.length = 0;
    const defaults = { repo: writer.path, writeRef: 'os', warn: (line: string) => void warnings.push(line) };
    await checkTimestamp(head(next), { ...defaults, ...target });
    return [...warnings];
  };
  return { path: writer.path, current, put };
}

test('an older commit is refused where the check is on, and warned of where it is not', async (t) => {
  const { put } = await refAt(t, 86_400);
  const times = ['1970-01-01T23:59:59Z', '1970-01-02T00:00:00Z'];
  await assert.rejects(
    put(86_399, { timestampCheck: true }),
    coded('ERR_COMMIT_OLDER', head(86_399).commit, 'ref os', ...times),
  );
  const [warning = '', ...more] = await put(86_399);
  assert.deepEqual(more, []);
  for (const word of [head(86_399).commit, 'ref os', '--timestamp-check', ...times])
    assert.ok(warning.includes(word), word);
});

test('a commit of the same time or a later one passes in silence', async (t) => {
  const { put } = await refAt(t, 86_400);
  for (const next of [86_400, 86_401])
    assert.deepEqual(await put(next, { timestampCheck: true }), [], String(next));
});

test('without a ref, or a commit behind it, there is nothing to compare', async (t) => {
  const { path, current, put } = await refAt(t, 86_400);
  assert.deepEqual(await put(1, { writeRef: 'os/new', timestampCheck: true }), []);
  await checkTimestamp(head(1), { repo: path, timestampCheck: true });
  await rm(join(path, loosePath(current, 'commit')));
  assert.deepEqual(await put(1, { timestampCheck: true }), []);
});
