/**
 * A client of skopeo's image proxy (`skopeo experimental-image-proxy`). Requests and replies are one packet
 * each on a socket pair (image-proxy-messages.ts); blobs come through pipes whose descriptors arrive with the
 * reply. One request is in flight at a time, but any number of pipes. The proxy exits when its socket closes,
 * so it never outlives this process.
 *
 * When a registry stalls, a request gets no reply or a pipe no bytes. The proxy is then killed, which ends
 * both; it is also killed when the work it was started for has failed.
 */
import { closeSync } from 'node:fs';
import { messageOf, TreeportError } from '../../base/errors.ts';
import {
  closeAll,
  type Packet,
  packetSockets,
  receivePacket,
  sendPacket,
} from '../../native/libc/socket-pair.ts';
import type { Json } from '../model/json.ts';
import { decodeReply, encodeRequest, waitsForRegistry } from './image-proxy-messages.ts';
import { ProxyPipe } from './image-proxy-pipe.ts';
import type { SkopeoAccess } from './registry-access.ts';
import { skopeoFault } from './skopeo-fault.ts';
import { SkopeoProcess } from './skopeo-process.ts';
import { type StallLimit, watchForStall } from './stall.ts';

export type ImageProxyOptions = {
  /** The image, for messages. */
  readonly place: string;
  /** Options of skopeo, before the command. */
  readonly global: readonly string[];
  readonly access: SkopeoAccess;
  /** How long to wait for a reply or for the bytes of a pipe. */
  readonly stall?: StallLimit | undefined;
};

type Reply = {
  readonly value: Json | undefined;
  readonly pipe: ProxyPipe | undefined;
};

/** The reply to a request for bytes. */
export type PipeReply = Reply & { readonly pipe: ProxyPipe };

/** The proxy's descriptor of its socket: the first after the standard ones. */
const SOCKET = 3;
/**
 * Milliseconds for the proxy to remove its temporary files before it is killed. For registries it has none.
 */
const GRACE = 5000;
const REGISTRY = 'docker://';

export class ImageProxy {
  readonly #place: string;
  readonly #socket: number;
  readonly #process: SkopeoProcess;
  readonly #stall: StallLimit | undefined;
  #version = '';
  #last: Promise<unknown> = Promise.resolve();
  readonly #images: Json[] = [];
  /** Number of requests without a reply. */
  #pending = 0;
  #failure: Error | undefined;
  #closing: Promise<void> | undefined;
  #isClosed = false;

  private constructor({ place, stall }: ImageProxyOptions, socket: number, process: SkopeoProcess) {
    this.#place = place;
    this.#stall = stall;
    this.#socket = socket;
    this.#process = process;
  }

  /** Starts skopeo; ERR_SKOPEO_MISSING, ERR_SKOPEO. The caller closes the proxy. */
  static async start(options: ImageProxyOptions): Promise<ImageProxy> {
    const { global, access } = options;
    const command = [...global, 'experimental-image-proxy', '--sockfd', String(SOCKET), ...access.args];
    const [here, there] = packetSockets();
    const process = startProcess(command, access.input, { here, there });
    return new ImageProxy(options, here, process).#initialize();
  }

  async #initialize(): Promise<this> {
    try {
      this.#version = String((await this.#call('Initialize', [])).value);
      return this;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** The protocol version, such as `0.2.3`. */
  get version(): string {
    return this.#version;
  }

  /** Opens an image in skopeo's notation; returns the proxy's handle for it. */
  async openImage(name: string): Promise<Json> {
    const { value = null } = await this.#call('OpenImage', [name]);
    this.#images.push(value);
    return value;
  }

  /** Sends a request and returns the value of the reply. */
  async value(method: string, args: readonly Json[]): Promise<Json | undefined> {
    return (await this.#call(method, args)).value;
  }

  /** Sends a request for bytes; the caller must read or end the pipe. `what` names them in errors. */
  async pipe(method: string, args: readonly Json[], what: string = this.#place): Promise<PipeReply> {
    const { value, pipe } = await this.#call(method, args, what);
    if (pipe !== undefined) return { value, pipe };
    throw new TreeportError(
      'ERR_SKOPEO',
      `${what}: unexpected reply from skopeo's image proxy: ${method} gave no pipe`,
    );
  }

  /** Kills the proxy. Pending requests and pipe reads reject with the first reason. */
  abort(reason: Error): void {
    this.#failure ??= reason;
    this.#process.kill();
  }

  /** Shuts the proxy down and waits for it. No pipe may be in use. Never fails. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
    if (this.#pending > 0 && this.#place.startsWith(REGISTRY)) this.#process.kill();
    const timer = setTimeout(() => this.#process.kill(), GRACE);
    for (const image of this.#images) await this.#call('CloseImage', [image]).catch(() => {});
    await this.#last.catch(() => {});
    sendPacket(this.#socket, encodeRequest('Shutdown', []));
    await this.#process.ended.catch(() => {});
    clearTimeout(timer);
    this.#isClosed = true;
    closeSync(this.#socket);
  }

  #call(method: string, args: readonly Json[], what: string = this.#place): Promise<Reply> {
    this.#pending += 1;
    const reply = this.#last
      .then(() => this.#exchange(method, args, what))
      .finally(() => {
        this.#pending -= 1;
      });
    this.#last = reply.catch(() => {});
    return reply;
  }

  async #exchange(method: string, args: readonly Json[], what: string): Promise<Reply> {
    // The descriptor number may have been reused.
    if (this.#isClosed) throw new TreeportError('ERR_SKOPEO', `${what}: the image was closed`);
    if (this.#failure !== undefined) throw this.#failure;
    const packet = sendPacket(this.#socket, encodeRequest(method, args))
      ? await this.#receive(method, what)
      : undefined;
    if (packet === undefined) throw this.#failure ?? (await this.#ended(what));
    const [descriptor, ...more] = packet.descriptors;
    closeAll(more);
    try {
      const { error, value, pipeId } = decodeReply(packet.bytes);
      if (error !== undefined) throw skopeoFault(what, error);
      if (descriptor === undefined) return { value, pipe: undefined };
      return { value, pipe: this.#takePipe(pipeId(), descriptor, what) };
    } catch (error) {
      if (descriptor !== undefined) closeSync(descriptor);
      throw error;
    }
  }

  async #receive(method: string, what: string): Promise<Packet | undefined> {
    const limit = waitsForRegistry(method) ? this.#stall : undefined;
    const endWatch = watchForStall(limit, () => this.#stalled(what));
    try {
      return await receivePacket(this.#socket);
    } finally {
      endWatch();
    }
  }

  #stalled(what: string): void {
    if (this.#stall !== undefined) this.abort(this.#stall.fault(what));
  }

  #takePipe(id: number, descriptor: number, what: string): ProxyPipe {
    return new ProxyPipe(descriptor, {
      finish: async () => {
        await this.#call('FinishPipe', [id], what);
      },
      stall: this.#stall,
      onStall: () => this.#stalled(what),
    });
  }

  async #ended(what: string): Promise<Error> {
    try {
      const end = await this.#process.ended;
      return skopeoFault(what, this.#process.lastMessage || `it ended with ${end}`);
    } catch (error) {
      return error as Error;
    }
  }
}

function startProcess(
  command: readonly string[],
  input: string | undefined,
  { here, there }: { readonly here: number; readonly there: number },
): SkopeoProcess {
  try {
    return new SkopeoProcess(command, { descriptors: [there], input });
  } catch (error) {
    closeSync(here);
    throw new TreeportError('ERR_SKOPEO', `skopeo cannot be started: ${messageOf(error)}`, { cause: error });
  } finally {
    closeSync(there);
  }
}
