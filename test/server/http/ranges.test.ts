import assert from 'node:assert/strict';
import test from 'node:test';
import { requestedRange } from '../../../src/server/http/ranges.ts';

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
