import assert from 'node:assert/strict';
import test from 'node:test';
import { KnownLinks } from '../../../src/server/http/known-links.ts';
import { LinkSpeed } from '../../../src/server/http/link-speed.ts';

type Socket = { bytesWritten: number; readonly remoteAddress?: string };

function knownLinks() {
  const clock = { time: 1000 };
  const links = new KnownLinks(
    (earlier) => new LinkSpeed(() => false, earlier),
    () => clock.time,
  );
  const answer = (socket: Socket, bytes: number, ms: number) => {
    links.of(socket).answering(socket, clock.time);
    socket.bytesWritten += bytes;
    clock.time += ms;
    links.requested(socket);
  };
  /** Answers of several sizes on this connection, at so many bytes per millisecond. */
  const answers = (socket: Socket, speed: number) => {
    for (let index = 1; index <= 40; index++) {
      const bytes = 10_000 * (1 + (index % 20));
      answer(socket, bytes, bytes / speed);
    }
  };
  return { links, clock, answers };
}

function from(remoteAddress?: string): Socket {
  return remoteAddress === undefined ? { bytesWritten: 0 } : { bytesWritten: 0, remoteAddress };
}

test('a new connection starts with what was last measured of its address', () => {
  const { links, answers } = knownLinks();
  answers(from('192.0.2.1'), 1000);
  assert.equal(links.of(from('192.0.2.1')).isSlow, true);
  assert.equal(links.of(from('192.0.2.2')).isSlow, false);
  const other = from('192.0.2.1');
  for (let count = 0; count < 10; count++) answers(other, 100_000);
  assert.equal(links.of(from('192.0.2.1')).isSlow, false);
});

test('an estimate belongs to its connection', () => {
  const { links, answers } = knownLinks();
  const [one, other] = [from('192.0.2.1'), from('192.0.2.1')];
  assert.equal(links.of(other).isSlow, false);
  answers(one, 1000);
  assert.equal(links.of(one).isSlow, true);
  assert.equal(links.of(other).isSlow, false);
  assert.equal(links.of(one), links.of(one));
});

test('an address is known for a minute', () => {
  const { links, clock, answers } = knownLinks();
  answers(from('192.0.2.1'), 1000);
  clock.time += 60_000;
  assert.equal(links.of(from('192.0.2.1')).isSlow, true);
  clock.time += 1;
  assert.equal(links.of(from('192.0.2.1')).isSlow, false);
});

test('connections without an address are not known', () => {
  const { links, answers } = knownLinks();
  answers(from(), 1000);
  assert.equal(links.of(from()).isSlow, false);
});

test('a thousand addresses are known', () => {
  const { links, clock, answers } = knownLinks();
  for (let index = 0; index <= 1000; index++) {
    answers(from(`client ${index}`), 1000);
    clock.time = 1000;
  }
  assert.equal(links.of(from('client 0')).isSlow, false);
  assert.equal(links.of(from('client 1')).isSlow, true);
});
