import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { deltaDirectory, deltaIndexPath } from '../../../src/ostree/delta-name.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { requestedRange } from '../../../src/server/http/ranges.ts';
import { FIXTURE_REF } from '../../support/ostree-fixture.ts';
import { archiveFixture } from '../repos.ts';
import { served } from '../served.ts';

const SIZE = 100;
const asked = (range: string, size = SIZE) => requestedRange({ range }, 'tag', size);

test('a single range is from a position, up to one, or the last bytes', () => {
  assert.deepEqual(asked('bytes=0-0'), { from: 0, to: 1 });
  assert.deepEqual(asked('bytes=10-19'), { from: 10, to: 20 });
  assert.deepEqual(asked('bytes=99-'), { from: 99, to: 100 });
  assert.deepEqual(asked('bytes=0-'), { from: 0, to: 100 });
  assert.deepEqual(asked('bytes=-1'), { from: 99, to: 100 });
  assert.deepEqual(asked('Bytes=5-6'), { from: 5, to: 7 });
});

test('a range ends with the bytes that there are', () => {
  assert.deepEqual(asked('bytes=90-1000'), { from: 90, to: 100 });
  assert.deepEqual(asked('bytes=-1000'), { from: 0, to: 100 });
  assert.deepEqual(asked(`bytes=0-${'9'.repeat(400)}`), { from: 0, to: 100 });
});

test('a range behind the end, or of no bytes, is unsatisfiable', () => {
  for (const range of ['bytes=100-', 'bytes=100-200', `bytes=${'9'.repeat(400)}-`, 'bytes=-0']) {
    assert.equal(asked(range), 'unsatisfiable', range);
  }
  assert.equal(asked('bytes=0-', 0), 'unsatisfiable');
});

test('other units, several ranges and malformed ones ask for the whole', () => {
  for (const range of [
    'lines=0-1',
    'bytes=0-1,5-6',
    'bytes=-',
    'bytes=5-4',
    'bytes=a-b',
    'bytes',
    '',
    '0-1',
  ]) {
    assert.equal(asked(range), undefined, range);
  }
  assert.equal(asked('bytes=-5', 0), undefined);
  assert.equal(requestedRange({}, 'tag', SIZE), undefined);
});

test('a range holds only for the strong tag that If-Range names', () => {
  const range = 'bytes=1-2';
  assert.deepEqual(requestedRange({ range, 'if-range': '"tag"' }, 'tag', SIZE), { from: 1, to: 3 });
  for (const condition of ['"other"', 'W/"tag"', 'tag', 'Fri, 02 Jan 2026 03:04:05 GMT', '']) {
    assert.equal(requestedRange({ range, 'if-range': condition }, 'tag', SIZE), undefined, condition);
  }
});

test('everything of known length is resumed by a range, and by none after it has changed', async (t) => {
  const { path, repo, commit } = await archiveFixture(t);
  const { app } = await served(t, repo);
  const put = (name: string, bytes: string | Buffer) => {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), bytes);
    return name;
  };
  const delta = deltaDirectory({ from: undefined, to: commit });
  const names = [
    'config',
    'summary',
    put('summary.sig', 'signature'),
    put('os.flatpakrepo', '[Flatpak Repo]'),
    `refs/heads/${FIXTURE_REF}`,
    loosePath(commit, 'commit'),
    put(loosePath(commit, 'commitmeta'), 'signatures'),
    put(`${delta}/superblock`, 'superblock'),
    put(`${delta}/0`, 'part of a delta'),
    put(`${delta}/1`, Buffer.alloc(3_000_000, 'large part')),
    put(deltaIndexPath(commit), 'delta index'),
  ];
  for (const name of names) {
    const url = `/repo/${name}`;
    const whole = await app.inject(url);
    assert.equal(whole.statusCode, 200, name);
    assert.equal(whole.headers['accept-ranges'], 'bytes', name);
    const from = Math.floor(whole.rawPayload.length / 2);
    const range = `bytes=${from}-`;
    const rest = await app.inject({ url, headers: { range, 'if-range': String(whole.headers.etag) } });
    assert.equal(rest.statusCode, 206, name);
    const { length } = whole.rawPayload;
    assert.equal(rest.headers['content-range'], `bytes ${from}-${length - 1}/${length}`, name);
    assert.deepEqual(rest.rawPayload, whole.rawPayload.subarray(from), name);
    const changed = await app.inject({ url, headers: { range, 'if-range': '"former"' } });
    assert.equal(changed.statusCode, 200, name);
    assert.deepEqual(changed.rawPayload, whole.rawPayload, name);
  }
});
