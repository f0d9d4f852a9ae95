import assert from 'node:assert/strict';
import test from 'node:test';
import { commitLines } from '../../src/cli/commit-text.ts';
import type { Commit } from '../../src/ostree/commit.ts';
import { repeatedChecksum } from '../support/checksums.ts';

const ID = repeatedChecksum('a');

function dateLine(timestamp: number): string | undefined {
  const commit: Commit = {
    metadata: new Map(),
    parent: undefined,
    subject: '',
    body: '',
    timestamp,
    rootTree: ID,
    rootMeta: ID,
  };
  return commitLines(ID, commit).find((line) => line.startsWith('Date:'));
}

test('the date of a commit, whatever number it has', () => {
  assert.equal(dateLine(872879442), 'Date:  1997-08-29 18:30:42 +0000');
  assert.equal(dateLine(253_402_300_800), 'Date:  @253402300800');
  assert.equal(dateLine(2 ** 63), 'Date:  @9223372036854776000');
});
