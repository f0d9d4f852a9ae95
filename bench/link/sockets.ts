/**
 * TCP sockets on the loopback that buffer as on Ethernet, by calls of libc, because Node sets no socket
 * options before it connects or listens. With the loopback's segments of 64 KiB a server's socket takes
 * megabytes at once, and the server would not notice a slow link. The receive buffer is small and does not
 * grow, so that data waits in the model of the link and in the server, not in the kernel between them.
 */
import { Socket } from 'node:net';
import koffi from 'koffi';

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_MAXSEG = 2;

/** Bytes of data in a segment on Ethernet: 1500 - 40. */
const SEGMENT = 1460;
/** The kernel doubles these, for its own structures. */
const RECEIVE_BUFFER = 64 * 1024;
const SEND_BUFFER = 256 * 1024;
const BACKLOG = 1024;

const lib = koffi.load(null);
const libc = {
  socket: lib.func('int socket(int domain, int type, int protocol)'),
  setsockopt: lib.func('int setsockopt(int fd, int level, int name, const int *value, uint32_t size)'),
  bind: lib.func('int bind(int fd, const uint8_t *address, uint32_t size)'),
  listen: lib.func('int listen(int fd, int backlog)'),
  connect: lib.func('int connect(int fd, const uint8_t *address, uint32_t size)'),
};

/** A descriptor that listens on 127.0.0.1; port 0 is any free port. The caller owns it. */
export function listeningDescriptor(port: number): number {
  const fd = shapedSocket();
  check(libc.bind(fd, loopback(port), ADDRESS_SIZE), 'bind');
  check(libc.listen(fd, BACKLOG), 'listen');
  return fd;
}

/** Waits for the connection, which takes some microseconds on the loopback. */
export function connectTo(port: number): Socket {
  const fd = shapedSocket();
  check(libc.connect(fd, loopback(port), ADDRESS_SIZE), 'connect');
  return new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
}

function shapedSocket(): number {
  const fd = check(libc.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 'socket');
  const set = (level: number, name: number, value: number) =>
    check(libc.setsockopt(fd, level, name, [value], 4), 'setsockopt');
  set(SOL_SOCKET, SO_REUSEADDR, 1);
  set(SOL_SOCKET, SO_SNDBUF, SEND_BUFFER);
  set(SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(IPPROTO_TCP, TCP_MAXSEG, SEGMENT);
  return fd;
}

const ADDRESS_SIZE = 16;

/** struct sockaddr_in (ip(7)): the family in the machine's order, port and address in the network's. */
function loopback(port: number): Uint8Array {
  const address = new Uint8Array(ADDRESS_SIZE);
  new Uint16Array(address.buffer)[0] = AF_INET;
  new DataView(address.buffer).setUint16(2, port);
  address.set([127, 0, 0, 1], 4);
  return address;
}

function check(result: number, call: string): number {
  if (result < 0) throw new Error(`${call} failed (errno ${koffi.errno()})`);
  return result;
}
