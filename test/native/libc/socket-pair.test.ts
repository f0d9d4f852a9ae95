import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { closeAll, packetSockets, receivePacket, sendPacket } from '../../../src/native/libc/socket-pair.ts';
import { libcXattrs } from '../../../src/native/libc/xattrs.ts';
import { unlessInstalled } from '../../support/programs.ts';

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

test('packets keep their boundaries and arrive in order', async () => {
  const [here, there] = packetSockets();
  const words = ['one', 'two', 'x'.repeat(30_000)];
  for (const word of words) assert.ok(sendPacket(here, Buffer.from(word)));
  for (const word of words) {
    const packet = await receivePacket(there);
    assert.equal(packet?.bytes.toString(), word);
    assert.deepEqual(packet?.descriptors, []);
  }
  closeAll([here, there]);
});

test('a packet that arrives after many polls is received, whatever was called meanwhile', async () => {
  const [here, there] = packetSockets();
  const [otherHere, otherThere] = packetSockets();
  const received = receivePacket(there, 0);
  for (let round = 0; round < 100; round += 1) {
    // koffi passes strings in its memory for the arguments of a call.
    assert.throws(() => libcXattrs.list('A'.repeat(100_000)));
    sendPacket(otherHere, Buffer.from('other'));
    await receivePacket(otherThere, 0);
  }
  const packet = 'late'.repeat(5000);
  assert.ok(sendPacket(here, Buffer.from(packet)));
  assert.equal((await received)?.bytes.toString(), packet);
  closeAll([here, there, otherHere, otherThere]);
});

test('receiving and sending report that the peer has closed its end', async () => {
  const [here, there] = packetSockets();
  closeSync(here);
  assert.equal(await receivePacket(there), undefined);
  assert.equal(sendPacket(there, Buffer.from('x')), false);
  closeSync(there);
});

test('another process holds one end and passes descriptors', {
  skip: unlessInstalled('python3'),
}, async () => {
  const before = openDescriptors();
  const [here, there] = packetSockets();
  const program = [
    'import array, os, socket',
    'peer = socket.socket(fileno=3)',
    'peer.recv(100)',
    'r, w = os.pipe()',
    'os.write(w, b"through the pipe")',
    'peer.sendmsg([b"here"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [r, w]))])',
  ].join('\n');
  const child = spawn('python3', ['-c', program], { stdio: ['ignore', 'ignore', 'inherit', there] });
  closeSync(there);
  assert.ok(sendPacket(here, Buffer.from('go')));
  const packet = await receivePacket(here);
  assert.equal(packet?.bytes.toString(), 'here');
  assert.equal(packet?.descriptors.length, 2);
  const [read = -1, write = -1] = packet?.descriptors ?? [];
  closeSync(write);
  assert.equal(readFileSync(read, 'utf8'), 'through the pipe');
  closeSync(read);
  assert.equal(await receivePacket(here), undefined);
  closeSync(here);
  if (child.exitCode === null) await once(child, 'exit');
  assert.equal(openDescriptors(), before);
});
