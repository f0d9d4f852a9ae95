import assert from 'node:assert/strict';
import test from 'node:test';
import { ClientLink } from '../../../src/server/http/client-link.ts';
import { KnownLinks } from '../../../src/server/http/known-links.ts';

type Socket = { bytesWritten: number; readonly remoteAddress?: string };

function knownLinks() {
  const clock = { time: 1000 };
  const now = () => clock.time;
  const links = new KnownLinks(() => new ClientLink({ isBusy: () => false, now }), now);
  /** Answers on this connection, for 200 ms at so many megabytes a second. */
  const answers = (socket: Socket, mbPerSecond: number) => {
    for (let index = 0; index < 10; index++) {
      links.of(socket).answering(socket, clock.time);
      socket.bytesWritten += mbPerSecond * 20_000;
      clock.time += 20;
      links.requested(socket);
    }
  };
  return { links, clock, answers };
}

function from(remoteAddress?: string): Socket {
  return remoteAddress === undefined ? { bytesWritten: 0 } : { bytesWritten: 0, remoteAddress };
}

test('all connections of an address have one link', () => {
  const { links, answers } = knownLinks();
  const [one, other] = [from('192.0.2.1'), from('192.0.2.1')];
  assert.equal(links.of(other).isFast, false);
  answers(one, 100);
  assert.equal(links.of(one).isFast, true);
  assert.equal(links.of(other).isFast, true);
  assert.equal(links.of(from('192.0.2.1')).isFast, true);
  assert.equal(links.of(from('192.0.2.2')).isFast, false);
});

test('measurements belong to their connection', () => {
  const { links } = knownLinks();
  const one = from('192.0.2.1');
  assert.equal(links.of(one), links.of(one));
  assert.notEqual(links.of(one), links.of(from('192.0.2.1')));
});

test('connections without an address are not known', () => {
  const { links, answers } = knownLinks();
  const one = from();
  answers(one, 100);
  assert.equal(links.of(one).isFast, true);
  assert.equal(links.of(from()).isFast, false);
});

test('a thousand addresses are known, those that connected last', () => {
  const { links, answers, clock } = knownLinks();
  for (let index = 0; index < 1000; index++) {
    answers(from(`client ${index}`), 100);
    clock.time = 1000;
  }
  links.of(from('client 0'));
  links.of(from('another client'));
  assert.equal(links.of(from('client 0')).isFast, true);
  assert.equal(links.of(from('client 1')).isFast, false);
});
