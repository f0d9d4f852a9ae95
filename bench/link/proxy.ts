/**
 * A TCP proxy on the loopback that behaves like a link of limited speed between its clients and a server: all
 * connections share the bandwidth of each direction, every byte is delayed, and a connection costs a round
 * trip before its first byte. It loses no packets and models no slow start.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Direction } from './direction.ts';
import type { Speed } from './links.ts';
import { connectTo, listeningDescriptor } from './sockets.ts';

export type Proxy = {
  readonly port: number;
  /** Bytes delivered so far, from the clients to the server and back. */
  readonly delivered: () => { readonly up: number; readonly down: number };
  readonly close: () => Promise<void>;
};

export async function startProxy(speed: Speed, targetPort: number): Promise<Proxy> {
  const [up, down] = [new Direction(speed), new Direction(speed)];
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) => {
    const target = connectTo(targetPort);
    for (const [socket, peer] of [
      [client, target],
      [target, client],
    ] as const) {
      open.add(socket);
      socket.on('error', () => peer.destroy());
      socket.on('close', () => open.delete(socket));
    }
    const handshake = 2 * speed.delayMs;
    setTimeout(() => {
      up.carry(client, target);
      down.carry(target, client);
    }, handshake);
  });
  server.listen({ fd: listeningDescriptor(0) });
  await once(server, 'listening');
  return {
    port: portOf(server),
    delivered: () => ({ up: up.delivered, down: down.delivered }),
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      for (const direction of [up, down]) direction.close();
      await closed;
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
