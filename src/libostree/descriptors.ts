/**
 * Sockets that hand over file descriptors, by calling libc: socketpair(2), send(2) and recvmsg(2) with SCM_RIGHTS
 * (unix(7), cmsg(3)). Node has no call for them. Every descriptor made here closes on exec; who gets one closes it.
 */
import { closeSync } from 'node:fs';
import { endianness } from 'node:os';
import koffi from 'koffi';
import { TreeportError } from '../base/errors.ts';

export type Packet = {
  readonly bytes: Buffer;
  /** Handed over to the receiver. */
  readonly descriptors: readonly number[];
};

/** Constants of Linux, the same on all its architectures that Node runs on. */
const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_CTRUNC = 0x8;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;
const POLLIN = 1;

const MAX_PACKET = 256 * 1024;
const MAX_CONTROL = 256;
/** Milliseconds. Waiting takes a thread of Node's pool; whoever waits long gives it back now and then. */
const WAIT = 250;

type MessageHeader = {
  msg_name: null;
  msg_namelen: number;
  readonly msg_iov: readonly { readonly iov_base: Buffer; readonly iov_len: number }[];
  readonly msg_iovlen: number;
  readonly msg_control: Buffer;
  msg_controllen: number;
  msg_flags: number;
};

type Poll = { readonly fd: number; readonly events: number; readonly revents: number };

type Libc = {
  readonly socketpair: (domain: number, type: number, protocol: number, pair: Int32Array) => number;
  readonly send: (fd: number, bytes: Uint8Array, size: number, flags: number) => number;
  readonly recvmsg: (fd: number, message: MessageHeader, flags: number) => number;
  readonly poll: {
    async(polls: Poll[], count: number, timeout: number, done: (error: unknown) => void): void;
  };
};

const state: { libc: Libc | undefined } = { libc: undefined };

function libc(): Libc {
  state.libc ??= load();
  return state.libc;
}

function load(): Libc {
  const library = koffi.load(null);
  const vector = koffi.struct({ iov_base: 'void *', iov_len: 'size_t' });
  const header = koffi.struct({
    msg_name: 'void *',
    msg_namelen: 'uint32_t',
    msg_iov: koffi.pointer(vector),
    msg_iovlen: 'size_t',
    msg_control: 'void *',
    msg_controllen: 'size_t',
    msg_flags: 'int',
  });
  const poll = koffi.struct({ fd: 'int', events: 'int16_t', revents: 'int16_t' });
  return {
    socketpair: library.func('int socketpair(int domain, int type, int protocol, _Out_ int32_t *pair)'),
    send: library.func('long send(int fd, const uint8_t *bytes, size_t size, int flags)'),
    recvmsg: library.func('recvmsg', 'long', ['int', koffi.inout(koffi.pointer(header)), 'int']),
    poll: library.func('poll', 'int', [koffi.inout(koffi.pointer(poll)), 'unsigned long', 'int']),
  };
}

/** Two connected sockets that keep packets apart. */
export function packetSockets(): readonly [number, number] {
  const pair = new Int32Array(2);
  if (libc().socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) throw fault('socketpair');
  return [pair[0] as number, pair[1] as number];
}

/** Sends one packet; false if nobody is at the other end any more. */
export function sendPacket(socket: number, bytes: Uint8Array): boolean {
  if (libc().send(socket, bytes, bytes.length, MSG_NOSIGNAL) >= 0) return true;
  const { EPIPE, ECONNRESET } = koffi.os.errno;
  if ([EPIPE, ECONNRESET].includes(koffi.errno())) return false;
  throw fault('send');
}

/** Waits for a packet; undefined when the other end is closed. The socket must stay open meanwhile. */
export async function receivePacket(socket: number): Promise<Packet | undefined> {
  const bytes = Buffer.allocUnsafe(MAX_PACKET);
  const control = Buffer.alloc(MAX_CONTROL);
  const message: MessageHeader = {
    msg_name: null,
    msg_namelen: 0,
    msg_iov: [{ iov_base: bytes, iov_len: bytes.length }],
    msg_iovlen: 1,
    msg_control: control,
    msg_controllen: control.length,
    msg_flags: 0,
  };
  const size = await receive(socket, message);
  const descriptors = descriptorsIn(control.subarray(0, Number(message.msg_controllen)));
  if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
    closeAll(descriptors);
    throw new TreeportError('ERR_IO', 'a packet is larger than expected');
  }
  return size === 0 ? undefined : { bytes: Buffer.from(bytes.subarray(0, size)), descriptors };
}

/** The size of the packet; 0 at the end. */
async function receive(socket: number, message: MessageHeader): Promise<number> {
  const { EAGAIN, EINTR, ECONNRESET } = koffi.os.errno;
  for (;;) {
    await waitAwhile(socket);
    const size = libc().recvmsg(socket, message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (size >= 0) return size;
    if (koffi.errno() === ECONNRESET) return 0;
    if (![EAGAIN, EINTR].includes(koffi.errno())) throw fault('recvmsg');
  }
}

export function closeAll(descriptors: readonly number[]): void {
  for (const descriptor of descriptors) closeSync(descriptor);
}

/** Until there is something to receive, or time has passed. */
function waitAwhile(socket: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const polls = [{ fd: socket, events: POLLIN, revents: 0 }];
    libc().poll.async(polls, 1, WAIT, (error) => (error ? reject(error) : resolve()));
  });
}

/** A control message is its length (size_t), level and type (int), and the data; each begins at a multiple of size_t. */
function descriptorsIn(control: Buffer): readonly number[] {
  const word = koffi.sizeof('size_t');
  const int = endianness() === 'LE' ? 'readInt32LE' : 'readInt32BE';
  const found: number[] = [];
  for (let start = 0; start + word + 8 <= control.length; ) {
    const length = readSize(control, start);
    if (length < word + 8) break;
    const isRights =
      control[int](start + word) === SOL_SOCKET && control[int](start + word + 4) === SCM_RIGHTS;
    for (let at = start + word + 8; isRights && at + 4 <= start + length; at += 4)
      found.push(control[int](at));
    start += Math.ceil(length / word) * word;
  }
  return found;
}

/** A control message is short: the lower four bytes of its length say it all. */
function readSize(control: Buffer, at: number): number {
  if (endianness() === 'LE') return control.readUInt32LE(at);
  return control.readUInt32BE(at + koffi.sizeof('size_t') - 4);
}

function fault(call: string): TreeportError {
  const number = koffi.errno();
  const name = Object.entries(koffi.os.errno).find(([, value]) => value === number)?.[0] ?? `errno ${number}`;
  return new TreeportError('ERR_IO', `${call} failed: ${name}`);
}
