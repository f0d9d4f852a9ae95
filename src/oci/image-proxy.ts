/**
 * skopeo's image proxy (`skopeo experimental-image-proxy`), as a client: requests and replies are JSON, one packet each,
 * on a socket pair; blobs come through pipes that are handed over with the reply. One request is under way at a
 * time, any number of pipes. The proxy ends with its socket, so it never outlives this process.
 */
import { closeSync } from 'node:fs';
import { messageOf, TreeportError } from '../base/errors.ts';
import { closeAll, packetSockets, receivePacket, sendPacket } from '../libostree/descriptors.ts';
import { ProxyPipe } from './image-proxy-pipe.ts';
import { type Json, type JsonObject, jsonObject, jsonSize, parseJson } from './json.ts';
import { skopeoFault } from './skopeo-fault.ts';
import { SkopeoProcess } from './skopeo-process.ts';

export type ProxyOptions = {
  /** What is read, for messages. */
  readonly place: string;
  /** Options of skopeo, before the command. */
  readonly global: readonly string[];
  /** Options of the command: credentials, TLS. */
  readonly words: readonly string[];
};

type Reply = {
  readonly value: Json | undefined;
  readonly pipe: ProxyPipe | undefined;
};

/** What a request gives that is answered with bytes. */
export type PipeReply = Reply & { readonly pipe: ProxyPipe };

/** The descriptor that the proxy finds its socket at: the first behind the standard ones. */
const SOCKET = 3;
/** Milliseconds it has to clean up before it is killed. */
const GRACE = 5000;

export class ImageProxy {
  readonly #place: string;
  readonly #socket: number;
  readonly #process: SkopeoProcess;
  #version = '';
  #last: Promise<unknown> = Promise.resolve();
  readonly #images: Json[] = [];
  #closing: Promise<void> | undefined;
  #isClosed = false;

  private constructor(place: string, socket: number, process: SkopeoProcess) {
    this.#place = place;
    this.#socket = socket;
    this.#process = process;
  }

  /** Starts skopeo; ERR_SKOPEO_MISSING, ERR_SKOPEO. Whoever has the proxy closes it. */
  static async start({ place, global, words }: ProxyOptions): Promise<ImageProxy> {
    const command = [...global, 'experimental-image-proxy', '--sockfd', String(SOCKET), ...words];
    const [here, there] = packetSockets();
    const process = startProcess(command, here, there);
    return new ImageProxy(place, here, process).#initialize();
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

  /** Ends the proxy and waits for it. No pipe may be read any more. Never fails. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
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
    const reply = this.#last.then(() => this.#exchange(method, args, what));
    this.#last = reply.catch(() => {});
    return reply;
  }

  async #exchange(method: string, args: readonly Json[], what: string): Promise<Reply> {
    // The number of the socket may be another file's by now.
    if (this.#isClosed) throw new TreeportError('ERR_SKOPEO', `${what}: the image was closed`);
    const packet = sendPacket(this.#socket, request(method, args))
      ? await receivePacket(this.#socket)
      : undefined;
    if (packet === undefined) throw await this.#ended(what);
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

  #takePipe(reply: JsonObject, descriptor: number, what: string): ProxyPipe {
    const id = jsonSize(reply.pipeid, 'pipeid in a reply of skopeo');
    return new ProxyPipe(descriptor, async () => {
      await this.#call('FinishPipe', [id], what);
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
