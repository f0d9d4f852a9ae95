/**
 * A pool of image proxies for one image, so that its blobs are read independently. A proxy handles one
 * request at a time, and two kinds of request wait for the registry: GetBlob until the first bytes arrive,
 * FinishPipe until the last. Each blob therefore gets its own proxy while the pool can grow, so that a
 * stalled blob neither delays the others nor hides their errors.
 */
import type { Json } from '../model/json.ts';
import type { ImageProxy } from './image-proxy.ts';

/** A proxy that has opened the image, and its handle for it. */
export type OpenedProxy = { readonly proxy: ImageProxy; readonly image: Json };

export type ProxyPoolOptions = {
  /** The image in skopeo's notation. */
  readonly name: string;
  /** Starts another proxy. */
  readonly start: () => Promise<ImageProxy>;
};

type Member = {
  /** Separate from `opened`, so that the proxy can be killed while it opens the image. */
  readonly proxy: Promise<ImageProxy>;
  readonly opened: Promise<OpenedProxy>;
  readers: number;
};

/** Each costs a process and a request for the manifest. Imports read two layers at a time. */
const MAX_PROXIES = 4;

export class ProxyPool {
  readonly #options: ProxyPoolOptions;
  readonly #members = new Set<Member>();
  /** Shutdowns of proxies that could not open the image. */
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

  /** Reads a blob from an idle proxy, else from a new one, else from the one with the fewest readers. */
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

  /** Kills all proxies; pending reads reject with the first reason. */
  abort(reason: Error): void {
    this.#failure ??= reason;
    for (const { proxy } of this.#members) ifStarted(proxy, (started) => started.abort(reason));
  }

  /** Shuts down all proxies and waits for them. Never fails. */
  async close(): Promise<void> {
    const members = [...this.#members].map(({ proxy }) => ifStarted(proxy, (started) => started.close()));
    await Promise.all([...members, ...this.#closing]);
  }
}

async function openImage(proxy: Promise<ImageProxy>, name: string): Promise<OpenedProxy> {
  const started = await proxy;
  return { proxy: started, image: await started.openImage(name) };
}

/** Ignores a proxy that could not be started; the reader that waits for it gets the error. */
async function ifStarted(proxy: Promise<ImageProxy>, use: (proxy: ImageProxy) => unknown): Promise<void> {
  const started = await proxy.catch(() => undefined);
  if (started !== undefined) await use(started);
}
