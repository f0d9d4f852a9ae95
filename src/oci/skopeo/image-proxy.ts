/**
 * skopeo's image proxy (`skopeo experimental-image-proxy`), as a client: requests and replies are JSON, one packet each,
 * on a socket pair; blobs come through pipes that are handed over with the reply. One request is under way at a
 * time, any number of pipes. The proxy ends with its socket, so it never outlives this process.
 *
 * A registry that stalls leaves a request without a reply, or a pipe without bytes. Then the proxy is killed, which ends
 * both; so it is when the work it was for has failed.
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
import { type Json, type JsonObject, jsonObject, jsonSize, parseJson } from '../model/json.ts';
import { ProxyPipe } from './image-proxy-pipe.ts';
import { skopeoFault } from './skopeo-fault.ts';
import { SkopeoProcess } from './skopeo-process.ts';
import { type StallLimit, watchForStall } from './stall.ts';

export type ProxyOptions = {
  /** What is read, for messages. */
  readonly place: string;
  /** Options of skopeo, before the command. */
  readonly global: readonly string[];
  /** Options of the command: credentials, TLS. */
  readonly words: readonly string[];
  /** How long a reply or the bytes of a pipe may be waited for. */
  readonly stall?: StallLimit | undefined;
};

type Reply = {
  readonly value: Json | undefined;
  readonly pipe: ProxyPipe | undefined;
};

/** What a request gives that is answered with bytes. */
export type PipeReply = Reply & { readonly pipe: ProxyPipe };

/** The descriptor that the proxy finds its socket at: the first behind the standard ones. */
const SOCKET = 3;
/** Milliseconds it has to remove the files that it makes of some places, before it is killed. It makes none of registries. */
const GRACE = 5000;
const REGISTRY = 'docker://';

/**
 * Methods whose reply comes when the registry has answered. FinishPipe is not among them: the reader of the pipe watches
 * for stalls.
 */
const WAITING_FOR_REGISTRY: readonly string[] = [
  'OpenImage',
  'GetManifest',
  'GetFullConfig',
  'GetLayerInfo',
  'GetBlob',
];

export class ImageProxy {
  readonly #place: string;
  readonly #socket: number;
  readonly #process: SkopeoProcess;
  readonly #stall: StallLimit | undefined;
  #version = '';
  #last: Promise<unknown> = Promise.resolve();
  readonly #images: Json[] = [];
  /** Requests that have no reply yet. */
  #pending = 0;
  #failure: Error | undefined;
  #closing: Promise<void> | undefined;
  #isClosed = false;

  private constructor({ place, stall }: ProxyOptions, socket: number, process: SkopeoProcess) {
    this.#place = place;
    this.#stall = stall;
    this.#socket = socket;
    this.#process = process;
  }

  /** Starts skopeo; ERR_SKOPEO_MISSING, ERR_SKOPEO. Whoever has the proxy closes it. */
  static async start(options: ProxyOptions): Promise<ImageProxy> {
    const { global, words } = options;
    const command = [...global, 'experimental-image-proxy', '--sockfd', String(SOCKET), ...words];
    const [here, there] = packetSockets();
    const process = startProcess(command, here, there);
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

  /** The version of the protocol, `0.2.3`. */
  get version(): string {
    return this.#version;
  }

  /** Opens an image in skopeo's notation; the proxy's number for it. */
  async openImage(name: string): Promise<Json> {
    const { value = null } = await this.#call('OpenImage', [name]);
    this.#images.push(value);
    return value;
  }

  /** A value that comes in the reply. */
  async value(method: string, args: readonly Json[]): Promise<Json | undefined> {
    return (await this.#call(method, args)).value;
  }

  /** A value, and bytes that come through a pipe, which must be read or ended. `what` names them in errors. */
  async pipe(method: string, args: readonly Json[], what: string = this.#place): Promise<PipeReply> {
    const { value, pipe } = await this.#call(method, args, what);
    if (pipe !== undefined) return { value, pipe };
    throw new TreeportError(
      'ERR_SKOPEO',
      `${what}: skopeo's image proxy is not understood: ${method} gave no pipe`,
    );
  }

  /** Ends the proxy at once. What is asked of it, and what is read from its pipes, rejects with the first reason. */
  abort(reason: Error): void {
    this.#failure ??= reason;
    this.#process.kill();
  }

  /** Ends the proxy and waits for it. No pipe may be read any more. Never fails. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
    if (this.#pending > 0 && this.#place.startsWith(REGISTRY)) this.#process.kill();
    const timer = setTimeout(() => this.#process.kill(), GRACE);
    for (const image of this.#images) await this.#call('CloseImage', [image]).catch(() => {});
    await this.#last.catch(() => {});
    sendPacket(this.#socket, request('Shutdown', []));
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
    // The number of the socket may be another file's by now.
    if (this.#isClosed) throw new TreeportError('ERR_SKOPEO', `${what}: the image was closed`);
    if (this.#failure !== undefined) throw this.#failure;
    const packet = sendPacket(this.#socket, request(method, args))
      ? await this.#receive(method, what)
      : undefined;
    if (packet === undefined) throw this.#failure ?? (await this.#ended(what));
    const [descriptor, ...more] = packet.descriptors;
    closeAll(more);
    try {
      const reply = parseReply(packet.bytes);
      if (reply.success !== true) throw skopeoFault(what, String(reply.error));
      if (descriptor === undefined) return { value: reply.value, pipe: undefined };
      return { value: reply.value, pipe: this.#takePipe(reply, descriptor, what) };
    } catch (error) {
      if (descriptor !== undefined) closeSync(descriptor);
      throw error;
    }
  }

  async #receive(method: string, what: string): Promise<Packet | undefined> {
    const limit = WAITING_FOR_REGISTRY.includes(method) ? this.#stall : undefined;
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

  #takePipe(reply: JsonObject, descriptor: number, what: string): ProxyPipe {
    const id = jsonSize(reply.pipeid, 'pipeid in a reply of skopeo');
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
      return skopeoFault(what, this.#process.lastWords || `it ended with ${end}`);
    } catch (error) {
      return error as Error;
    }
  }
}

function request(method: string, args: readonly Json[]): Buffer {
  return Buffer.from(JSON.stringify({ method, args }));
}

function parseReply(bytes: Buffer): JsonObject {
  const what = 'a reply of skopeo';
  return jsonObject(parseJson(bytes, what), what);
}

function startProcess(command: readonly string[], here: number, there: number): SkopeoProcess {
  try {
    return new SkopeoProcess(command, [there]);
  } catch (error) {
    closeSync(here);
    throw new TreeportError('ERR_SKOPEO', `skopeo cannot be started: ${messageOf(error)}`, { cause: error });
  } finally {
    closeSync(there);
  }
}
