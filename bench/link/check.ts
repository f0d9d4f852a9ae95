/**
 * Whether the links are as fast and as slow as they say on this machine, by real sockets: the rate of one
 * and of eight connections, the round trip of a byte, and how much a server can send to a client that reads
 * nothing before its socket is full.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { median, type Row, type Section } from '../result.ts';
import { LINKS, type Link, type Speed } from './links.ts';
import { startLink } from './start-link.ts';

const SECONDS = 2;
const PIECE = Buffer.alloc(64 * 1024);
const ECHO = 1;
const SEND = 2;
const ROUND_TRIPS = 20;
/** A socket that took nothing for so long is full. */
const STALL_MS = 500;
const TOLERANCE = 0.03;

type Sender = { readonly server: Server; readonly sent: () => number };

export async function benchLink(): Promise<Section> {
  const rows: Row[] = [];
  for (const link of Object.values(LINKS)) {
    if ('speed' in link) rows.push(...(await check(link, link.speed)));
  }
  return { title: 'the links themselves', rows };
}

async function check(link: Link, speed: Speed): Promise<Row[]> {
  const { server, sent } = sender();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const started = await startLink(link, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const port = Number(new URL(started.origin).port);
  try {
    const rate = (name: string, value: number): Row => ({
      what: `${link.name}: rate of ${name} / nominal`,
      unit: 'ratio',
      values: [value / speed.bytesPerSecond],
      atLeast: 1 - TOLERANCE,
      atMost: 1 + TOLERANCE,
    });
    return [
      rate('one connection', await rateOf(port, 1, speed)),
      rate('eight connections', await rateOf(port, 8, speed)),
      { what: `${link.name}: round trip`, unit: 'seconds', values: [await roundTrip(port)] },
      {
        what: `${link.name}: sent to a client that reads nothing`,
        unit: 'MB',
        values: [(await untilFull(port, sent)) / 1e6],
      },
    ];
  } finally {
    await started.stop();
    server.close();
  }
}

/** Echoes bytes, or sends without end, as the first byte of a connection says. */
function sender(): Sender {
  const total = { bytes: 0 };
  const send = (socket: Socket) => {
    const next = () => {
      do total.bytes += PIECE.length;
      while (socket.write(PIECE) && !socket.destroyed);
    };
    socket.on('drain', next);
    next();
  };
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => (bytes[0] === SEND ? send(socket) : socket.write(bytes)));
  });
  return { server, sent: () => total.bytes };
}

async function rateOf(port: number, connections: number, { bytesPerSecond }: Speed): Promise<number> {
  const wanted = bytesPerSecond * SECONDS;
  const received = { bytes: 0 };
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port, SEND)));
  const done = Promise.withResolvers<void>();
  const start = { at: 0 };
  for (const socket of sockets) {
    socket.on('data', ({ length }) => {
      start.at ||= performance.now();
      received.bytes += length;
      if (received.bytes >= wanted) done.resolve();
    });
  }
  await done.promise;
  const seconds = (performance.now() - start.at) / 1000;
  for (const socket of sockets) socket.destroy();
  return received.bytes / seconds;
}

/** Seconds. */
async function roundTrip(port: number): Promise<number> {
  const socket = await open(port, ECHO);
  await once(socket, 'data');
  const times: number[] = [];
  while (times.length < ROUND_TRIPS) {
    const start = performance.now();
    socket.write(Buffer.of(ECHO));
    await once(socket, 'data');
    times.push((performance.now() - start) / 1000);
  }
  socket.destroy();
  return median(times);
}

async function untilFull(port: number, sent: () => number): Promise<number> {
  await sleep(STALL_MS);
  const before = sent();
  const socket = await open(port, SEND);
  socket.pause();
  const last = { sent: -1 };
  while (last.sent !== sent()) {
    last.sent = sent();
    await sleep(STALL_MS);
  }
  socket.destroy();
  return last.sent - before;
}

async function open(port: number, purpose: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(Buffer.of(purpose));
  return socket;
}
