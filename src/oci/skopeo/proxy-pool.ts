/**
 * Image proxies of one image, so that its blobs are read independently of one another. A proxy handles one request at a
 * time, and two of them wait for the registry: GetBlob until the blob begins to come, and FinishPipe until it has come.
 * A blob therefore has a proxy of its own where there is one to have; a blob that stalls holds up none of the others,
 * and hides no fault of theirs.
 */

import type { Json } from '../model/json.ts';
import type { ImageProxy } from './image-proxy.ts';

/** A proxy that has opened the image, and its number for it. */
export type OpenedProxy = { readonly proxy: ImageProxy; readonly image: Json };

export type ProxyPoolOptions = {
  /** The image in skopeo's notation. */
  readonly name: string;
  /** Starts another proxy. */
  readonly start: () => Promise<ImageProxy>;
};

type Member = {
  /** Known early, so that it can be ended while it opens the image. */
  readonly proxy: Promise<ImageProxy>;
  readonly opened: Promise<OpenedProxy>;
  readers: number;
};

/** Each takes a process and a request for the manifest. Imports read two layers at a time. */
const MAX_PROXIES = 4;

export class ProxyPool {
  readonly #options: ProxyPoolOptions;
  readonly #members = new Set<Member>();
  /** Of proxies that could not open the image. */
  readonly #closing: Promise<void>[] = [];
  #failure: Error | undefined;

  constructor(first: OpenedProxy, options: ProxyPoolOptions) {
    this.#options = options;
    this.#members.add({
      proxy: Promise.resolve(first.proxy),
      opened: Promise.resolve(first),
      readers: 0,
    });
  }

  /** Reads a blob from the proxy with the fewest readers, or from a new one while there are few. */
  async *read(blob: (opened: OpenedProxy) => AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
    if (this.#failure !== undefined) throw this.#failure;
    const member = this.#leastRead();
    member.readers += 1;
    try {
      yield* blob(await member.opened);
    } finally {
      member.readers -= 1;
    }
  }

  #leastRead(): Member {
    const [first, ...others] = [...this.#members] as [Member, ...Member[]];
    const least = others.reduce((best, other) => (other.readers < best.readers ? other : best), first);
    return least.readers === 0 || this.#members.size === MAX_PROXIES ? least : this.#add();
  }

  #add(): Member {
    const proxy = this.#options.start();
    const member: Member = { proxy, opened: openImage(proxy, this.#options.name), readers: 0 };
    this.#members.add(member);
    member.opened.catch(() => {
      this.#members.delete(member);
      this.#closing.push(ifStarted(proxy, (started) => started.close()));
    });
    return member;
  }

  /** Ends all proxies at once; what is read rejects with the first reason. */
  abort(reason: Error): void {
    this.#failure ??= reason;
    for (const { proxy } of this.#members) ifStarted(proxy, (started) => started.abort(reason));
  }

  /** Ends all proxies and waits for them. Never fails. */
  async close(): Promise<void> {
    const members = [...this.#members].map(({ proxy }) => ifStarted(proxy, (started) => started.close()));
    await Promise.all([...members, ...this.#closing]);
  }
}

async function openImage(proxy: Promise<ImageProxy>, name: string): Promise<OpenedProxy> {
  const started = await proxy;
  return { proxy: started, image: await started.openImage(name) };
}

/** A proxy that cannot be started is reported to the reader that waits for it. */
async function ifStarted(proxy: Promise<ImageProxy>, use: (proxy: ImageProxy) => unknown): Promise<void> {
  const started = await proxy.catch(() => undefined);
  if (started !== undefined) await use(started);
}
