/**
 * Input of all connections in one buffer. By default Node allocates 64 KiB for each read, cuts them to what
 * came, and leaves them to the collector, which costs a third of a request for a small object.
 *
 * `net.Socket` has this as its option `onread`, but a server does not pass it on to the sockets that it
 * accepts. So they are set up here as that option does: the members are found on a socket that has the
 * option, and where there are none a socket goes on as it was (docs/decisions/0094-shared-input.md).
 */
import { Socket } from 'node:net';

type InputHandle = { useUserBuffer?(buffer: Buffer): void };
type Internals = Record<symbol, unknown> & { readonly _handle?: InputHandle | null };

/** As much as Node reads at once. */
const input = Buffer.allocUnsafeSlow(64 * 1024);

/** The members of a socket with the option; undefined if this Node has others. */
const members = findMembers();

/**
 * Passes the input of an accepted socket to `receive` instead of its stream, from now on. The bytes are
 * overwritten when `receive` returns. False if that is not possible; then nothing has changed.
 */
export function shareInput(socket: Socket, receive: (bytes: Buffer) => void): boolean {
  const internals = socket as unknown as Internals;
  const handle = internals._handle;
  if (members === undefined || typeof handle?.useUserBuffer !== 'function') return false;
  if (internals[members.buffer] !== null || internals[members.callback] !== null) return false;
  internals[members.buffer] = input;
  internals[members.callback] = (length: number) => receive(input.subarray(0, length));
  handle.useUserBuffer(input);
  return true;
}

function findMembers(): { readonly buffer: symbol; readonly callback: symbol } | undefined {
  const onread = { buffer: input, callback: () => true };
  const socket = new Socket({ onread });
  const internals = socket as unknown as Internals;
  const memberWith = (value: unknown) =>
    Object.getOwnPropertySymbols(socket).find((symbol) => internals[symbol] === value);
  const [buffer, callback] = [memberWith(onread.buffer), memberWith(onread.callback)];
  socket.destroy();
  return buffer === undefined || callback === undefined ? undefined : { buffer, callback };
}
