/**
 * Sockets that pass file descriptors, for which Node has no call: socketpair(2), send(2) and recvmsg(2) with
 * SCM_RIGHTS (unix(7), cmsg(3)). All descriptors are close-on-exec; the caller that receives one closes it.
 */
import { closeSync } from 'node:fs';
import { endianness } from 'node:os';
import koffi from 'koffi';
import { TreeportError } from '../../base/errors.ts';

export type Packet = {
  readonly bytes: Buffer;
  /** Owned by the receiver. */
  readonly descriptors: readonly number[];
};

/** Linux constants, the same on every architecture that Node supports. */
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

const { errno } = koffi.os;

const MAX_PACKET = 256 * 1024;
const MAX_CONTROL = 256;
/** Milliseconds. A wait occupies a thread of the libuv pool, so long waits are sliced. */
const WAIT = 250;

/**
 * struct msghdr as koffi takes it. The call replaces every member by the value in foreign memory, so that
 * `msg_iov` becomes an address in koffi's memory, which the next foreign call overwrites. Use a header for
 * one call only.
 */
type MessageHeader = {
  readonly msg_name: null;
  readonly msg_namelen: number;
  readonly msg_iov: readonly { readonly iov_base: Buffer; readonly iov_len: number }[];
  readonly msg_iovlen: number;
  readonly msg_control: Buffer;
  readonly msg_controllen: number;
  readonly msg_flags: number;
};

/** The result of one recvmsg(2): sizes and flags, or the errno. */
type Received =
  | { readonly size: number; readonly controlSize: number; readonly flags: number }
  | { readonly errno: number };

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

/** Two connected sockets that preserve packet boundaries. */
export function packetSockets(): readonly [number, number] {
  const pair = new Int32Array(2);
  if (libc().socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
    throw fault('socketpair', koffi.errno());
  return [pair[0] as number, pair[1] as number];
}

/** Sends one packet; false if the peer has closed its end. */
export function sendPacket(socket: number, bytes: Uint8Array): boolean {
  if (libc().send(socket, bytes, bytes.length, MSG_NOSIGNAL) >= 0) return true;
  const number = koffi.errno();
  if ([errno.EPIPE, errno.ECONNRESET].includes(number)) return false;
  throw fault('send', number);
}

/**
 * Waits for a packet; undefined when the peer has closed its end. The socket must stay open meanwhile. `wait`
 * is the length of a slice in milliseconds, for tests.
 */
export async function receivePacket(socket: number, wait: number = WAIT): Promise<Packet | undefined> {
  const bytes = Buffer.allocUnsafe(MAX_PACKET);
  const control = Buffer.alloc(MAX_CONTROL);
  for (;;) {
    await waitAwhile(socket, wait);
    const received = receiveNow(socket, bytes, control);
    if ('size' in received) return packetOf(received, bytes, control);
    if (received.errno === errno.ECONNRESET) return undefined;
    if (![errno.EAGAIN, errno.EINTR].includes(received.errno)) throw fault('recvmsg', received.errno);
  }
}

/** Receives a packet into the two buffers without waiting. */
function receiveNow(socket: number, bytes: Buffer, control: Buffer): Received {
  const message: MessageHeader = {
    msg_name: null,
    msg_namelen: 0,
    msg_iov: [{ iov_base: bytes, iov_len: bytes.length }],
    msg_iovlen: 1,
    msg_control: control,
    msg_controllen: control.length,
    msg_flags: 0,
  };
  const size = libc().recvmsg(socket, message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (size < 0) return { errno: koffi.errno() };
  return { size, controlSize: Number(message.msg_controllen), flags: message.msg_flags };
}

function packetOf(
  { size, controlSize, flags }: Extract<Received, { readonly size: number }>,
  bytes: Buffer,
  control: Buffer,
): Packet | undefined {
  const descriptors = descriptorsIn(control.subarray(0, controlSize));
  if (flags & (MSG_TRUNC | MSG_CTRUNC)) {
    closeAll(descriptors);
    throw new TreeportError('ERR_IO', 'received a packet larger than the buffer');
  }
  return size === 0 ? undefined : { bytes: Buffer.from(bytes.subarray(0, size)), descriptors };
}

export function closeAll(descriptors: readonly number[]): void {
  for (const descriptor of descriptors) closeSync(descriptor);
}

/** Resolves when there is something to receive, or after `wait` milliseconds. */
function waitAwhile(socket: number, wait: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const polls = [{ fd: socket, events: POLLIN, revents: 0 }];
    libc().poll.async(polls, 1, wait, (error) => (error ? reject(error) : resolve()));
  });
}

/** A control message is length (size_t), level and type (int), and data, aligned to size_t. */
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

/** Control messages are short, so the lower four bytes of the length suffice. */
function readSize(control: Buffer, at: number): number {
  if (endianness() === 'LE') return control.readUInt32LE(at);
  return control.readUInt32BE(at + koffi.sizeof('size_t') - 4);
}

function fault(call: string, number: number): TreeportError {
  const name = Object.entries(errno).find(([, value]) => value === number)?.[0] ?? `errno ${number}`;
  return new TreeportError('ERR_IO', `${call} failed: ${name}`);
}
