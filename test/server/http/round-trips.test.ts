import assert from 'node:assert/strict';
import test from 'node:test';
import { RoundTrips } from '../../../src/server/http/round-trips.ts';

type Step = 'document' | 'object' | number;

/** Documents and objects of one connection; numbers are milliseconds from an answer to the next request. */
function pull(steps: readonly Step[], headers = {}) {
  const clock = { now: 0 };
  const trips = new RoundTrips(() => clock.now);
  const request = { headers, socket: { bytesWritten: 0, remoteAddress: '192.0.2.1' } };
  const pulls = { count: 0 };
  trips.whenPulled(request, 3, () => {
    pulls.count += 1;
  });
  for (const step of steps) {
    if (typeof step === 'number') clock.now += step;
    else if (step === 'object') trips.objectRequested(request);
    else {
      trips.documentRequested(request);
      // Making an answer is not part of the round trip.
      clock.now += 1000;
      trips.documentAnswered(request);
    }
  }
  const other = { ...request, socket: { ...request.socket } };
  assert.equal(trips.isFar(other), trips.isFar(request));
  clock.now += 10_001;
  const later = trips.isFar(other);
  clock.now -= 10_001;
  assert.equal(later, false);
  return { isFar: trips.isFar(request), pulls: pulls.count };
}

const cases: readonly (readonly [string, boolean, readonly Step[]])[] = [
  ['50 ms', true, ['document', 50, 'document', 50, 'document']],
  ['exactly 10 ms', true, ['document', 10, 'document', 10, 'document']],
  ['one pause on a near link', false, ['document', 50, 'document', 1, 'document']],
  ['nothing is measured yet', false, ['document']],
  ['a single measurement', false, ['document', 50, 'document']],
  ['no request at all', false, []],
  ['measured before objects', true, ['document', 50, 'document', 50, 'document', 'object', 1, 'document']],
  ['objects in between', false, ['document', 50, 'document', 'object', 50, 'document']],
  ['objects first', false, ['object', 50, 'document', 50, 'document', 50, 'document']],
];

for (const [name, isFar, steps] of cases) {
  test(`${name}: ${isFar ? 'far' : 'not far'}`, () => assert.equal(pull(steps).isFar, isFar));
}

test('what a proxy passes on is not measured', () => {
  for (const header of ['via', 'forwarded', 'x-forwarded-for', 'x-real-ip'])
    assert.equal(pull(['document', 50, 'document', 50, 'document'], { [header]: '1' }).isFar, false, header);
});

test('a pull is reported once, when so many objects were requested', () => {
  assert.equal(pull(['object', 'object']).pulls, 0);
  assert.equal(pull(['object', 'object', 'object', 'object', 'object', 'object', 'object']).pulls, 1);
});

test('clients are measured apart', () => {
  const clock = { now: 0 };
  const trips = new RoundTrips(() => clock.now);
  const client = (remoteAddress: string) => ({ headers: {}, socket: { bytesWritten: 0, remoteAddress } });
  const [far, near] = [client('192.0.2.1'), client('192.0.2.2')];
  for (let count = 0; count < 3; count++) {
    trips.documentRequested(near);
    trips.documentAnswered(near);
    trips.documentRequested(near);
    trips.documentAnswered(near);
    clock.now += 20;
    trips.documentRequested(far);
    trips.documentAnswered(far);
  }
  assert.deepEqual([trips.isFar(far), trips.isFar(near)], [true, false]);
});
