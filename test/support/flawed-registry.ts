/**
 * A registry on the loopback that serves one image from a layout directory, slowly and with the faults that a
 * test sets. It has the parts of the registry protocol (OCI distribution specification, v2) that pulls need.
 *
 * Blobs start later than the importer's wait for a reply of skopeo, so that every import meets pending
 * replies.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { atEnd } from '../e2e/support/scratch.ts';

/** The fault of responses to one kind of request. */
export type Flaw = {
  /** Sent instead of the normal response. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds before the response starts. */
  readonly late?: number;
  /** Never responds, and keeps the connection open. */
  readonly silent?: true;
  /** Body sent instead of the real one. */
  readonly bytes?: Buffer;
  /** Drops the connection after this many bytes. */
  readonly cutAfter?: number;
  /** Stalls after this many bytes, and keeps the connection open. */
  readonly stallAfter?: number;
  /** Sends pieces of this size at this interval in milliseconds. */
  readonly trickle?: { readonly size: number; readonly every: number };
};

/** The target of a request: `/v2/`, the tag's manifest, a blob by digest, or any blob. */
export type Thing = 'ping' | 'manifest' | 'blobs' | `sha256:${string}`;

export type FlawedRegistry = {
  /** `127.0.0.1:PORT/os:tag` */
  readonly name: string;
  readonly flaws: Map<Thing, Flaw>;
  /** All requests so far, `GET /v2/…`. */
  readonly requests: readonly string[];
  /** Resolves when responses for these targets have stalled or were withheld. */
  readonly whenStalled: (...things: readonly Thing[]) => Promise<void>;
};

export type FlawedRegistryOptions = {
  /** Milliseconds before a blob starts. */
  readonly late?: number;
  /** Serves TLS with this PEM key and certificate. */
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer };
};

/** More than the 250 ms after which the importer polls skopeo again. */
const LATE = 300;

/** Serves the image in the layout directory `layout`. */
export async function startFlawedRegistry(
  t: Pick<TestContext, 'after'>,
  layout: string,
  { late = LATE, tls }: FlawedRegistryOptions = {},
): Promise<FlawedRegistry> {
  const registry = new Registry(layout);
  registry.flaws.set('blobs', { late });
  const listener: RequestListener = (request, response) => void registry.answer(request, response);
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, async () => {
    server.closeAllConnections();
    server.close();
  });
  return {
    name: `127.0.0.1:${(server.address() as AddressInfo).port}/os:tag`,
    flaws: registry.flaws,
    requests: registry.requests,
    whenStalled: async (...things) => {
      await Promise.all(things.map((thing) => registry.stall(thing).promise));
    },
  };
}

class Registry {
  readonly flaws = new Map<Thing, Flaw>();
  readonly requests: string[] = [];
  readonly #layout: string;
  readonly #stalls = new Map<Thing, PromiseWithResolvers<void>>();

  constructor(layout: string) {
    this.#layout = layout;
  }

  stall(thing: Thing): PromiseWithResolvers<void> {
    const known = this.#stalls.get(thing) ?? Promise.withResolvers<void>();
    this.#stalls.set(thing, known);
    return known;
  }

  async answer({ method = '', url = '' }: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests.push(`${method} ${url}`);
    const { thing, type, file } = this.#find(url);
    const flaw = this.flaws.get(thing) ?? (thing.startsWith('sha256:') ? this.flaws.get('blobs') : {}) ?? {};
    if (flaw.late !== undefined) await sleep(flaw.late);
    if (flaw.silent) return this.stall(thing).resolve();
    response.setHeader('docker-distribution-api-version', 'registry/2.0');
    if (flaw.status !== undefined) return void response.writeHead(flaw.status, flaw.headers).end();
    if (file === undefined) return void response.end();
    if (!existsSync(file)) return void response.writeHead(404).end();
    const bytes = flaw.bytes ?? readFileSync(file);
    response.writeHead(200, { 'content-type': type, 'content-length': bytes.length, ...flaw.headers });
    if (method === 'HEAD') response.end();
    else await this.#send(response, bytes, thing, flaw);
  }

  #find(url: string): { readonly thing: Thing; readonly type: string; readonly file?: string } {
    const [, kind, name = 'none'] = /^\/v2\/os\/(manifests|blobs)\/(.+)$/.exec(url) ?? [];
    const fileOf = (digest: string) => join(this.#layout, 'blobs', digest.replace(':', '/'));
    if (url === '/v2/') return { thing: 'ping', type: 'text/plain' };
    if (kind !== 'manifests')
      return { thing: name as Thing, type: 'application/octet-stream', file: fileOf(name) };
    const { digest, mediaType } = this.#manifest();
    const isTag = !name.startsWith('sha256:');
    return { thing: 'manifest', type: mediaType, file: fileOf(isTag ? digest : name) };
  }

  #manifest(): { readonly digest: string; readonly mediaType: string } {
    return JSON.parse(readFileSync(join(this.#layout, 'index.json'), 'utf8')).manifests[0];
  }

  async #send(response: ServerResponse, bytes: Buffer, thing: Thing, flaw: Flaw): Promise<void> {
    const { cutAfter, stallAfter, trickle = { size: bytes.length, every: 0 } } = flaw;
    const end = Math.min(cutAfter ?? bytes.length, stallAfter ?? bytes.length);
    response.flushHeaders();
    for (let at = 0; at < end && !response.destroyed; at += trickle.size) {
      if (trickle.every > 0) await sleep(trickle.every);
      const piece = bytes.subarray(at, Math.min(at + trickle.size, end));
      await new Promise<void>((resolve) => response.write(piece, () => resolve()));
    }
    if (cutAfter !== undefined) response.destroy();
    else if (stallAfter !== undefined) this.stall(thing).resolve();
    else response.end();
  }
}
