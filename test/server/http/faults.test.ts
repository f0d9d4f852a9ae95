import assert from 'node:assert/strict';
import test from 'node:test';
import { pino } from 'pino';
import { TreeportError } from '../../../src/base/errors.ts';
import { newCounters } from '../../../src/server/http/counters.ts';
import { createFaultReporter } from '../../../src/server/http/faults.ts';

const NAME = `${'a'.repeat(64)}.filez`;
const [DEBUG, WARN, ERROR] = [20, 40, 50];

function reporter() {
  const lines: Record<string, unknown>[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const counters = newCounters();
  const last = () => {
    const { level, object, code, msg } = lines.at(-1) ?? {};
    return { level, object, code, msg };
  };
  return { counters, lines, last, ...createFaultReporter(logger, counters) };
}

test('a missing object is a 404; only one that clients do not guess at is a warning', () => {
  const { missing, counters, last } = reporter();
  assert.deepEqual(missing(NAME, false), { status: 404, text: `no object ${NAME}` });
  assert.deepEqual(last(), { level: WARN, object: NAME, code: undefined, msg: `object ${NAME} is missing` });
  assert.equal(missing(NAME, true).status, 404);
  assert.equal(last().level, DEBUG);
  assert.equal(counters.missing, 2);
});

test('ERR_OBJECT_MISSING is a missing object, wherever it comes up', () => {
  const { failed, counters, last } = reporter();
  assert.equal(failed(NAME, new TreeportError('ERR_OBJECT_MISSING', 'no file')).status, 404);
  assert.equal(last().level, WARN);
  assert.deepEqual([counters.missing, counters.corrupt, counters.unreadable], [1, 0, 0]);
});

test('corrupt objects: the client learns that they are, the log why', () => {
  const { failed, counters, last } = reporter();
  for (const code of ['ERR_OBJECT_CORRUPT', 'ERR_VARIANT'] as const) {
    const fault = failed(NAME, new TreeportError(code, 'in /srv/repo: wrong bytes'));
    assert.deepEqual(fault, { status: 500, text: `object ${NAME} is corrupt in this repository` });
    assert.deepEqual(last(), { level: ERROR, object: NAME, code, msg: 'in /srv/repo: wrong bytes' });
  }
  assert.equal(counters.corrupt, 2);
});

test('what cannot be read is told without paths of this machine', () => {
  const { failed, counters, last } = reporter();
  const errors = [
    new TreeportError('ERR_OBJECT_UNREADABLE', 'EACCES: /srv/repo/objects'),
    Object.assign(new Error('EIO: /srv/repo/objects'), { code: 'EIO' }),
    'no error at all /srv',
  ];
  for (const error of errors) {
    const fault = failed(NAME, error);
    assert.deepEqual(fault, { status: 500, text: `object ${NAME} cannot be read in this repository` });
    assert.equal(last().code, 'ERR_OBJECT_UNREADABLE');
    assert.ok(String(last().msg).includes('/srv'));
  }
  assert.equal(counters.unreadable, 3);
});

test('a process without free descriptors does not blame the object', () => {
  const { failed, counters, last } = reporter();
  for (const code of ['EMFILE', 'ENFILE']) {
    const cause = Object.assign(new Error(`${code}: too many open files`), { code });
    for (const error of [cause, new TreeportError('ERR_OBJECT_UNREADABLE', 'cannot be read', { cause })]) {
      const fault = failed(NAME, error);
      assert.deepEqual(fault, { status: 500, text: 'the server has too many files open' });
      assert.deepEqual([last().level, last().code, last().object], [ERROR, code, undefined]);
      assert.ok(String(last().msg).includes('limit of open files'));
    }
  }
  assert.deepEqual([counters.unreadable, counters.corrupt, counters.missing], [0, 0, 0]);
});
