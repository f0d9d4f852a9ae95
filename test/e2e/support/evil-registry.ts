/**
 * A registry on the loopback that serves one image out of a layout directory, and spoils what it is told to: the parts
 * of the registry protocol (OCI distribution spec, v2) that a client that pulls needs.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { atEnd } from './scratch.ts';

/** What is sent in place of the bytes of a blob. */
export type Spoil =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  /** The connection goes after so many bytes, every time. */
  | { readonly kind: 'cut'; readonly after: number };

export type EvilRegistry = {
  /** `127.0.0.1:PORT/os:tag` */
  readonly name: string;
  /** By digest. */
  readonly spoiled: Map<string, Spoil>;
};

/** Serves the image in the layout directory `layout`. */
export async function startEvilRegistry(
  t: Pick<TestContext, 'after'>,
  layout: string,
): Promise<EvilRegistry> {
  const spoiled = new Map<string, Spoil>();
  const server = createServer((request, response) => answer(layout, spoiled, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, async () => {
    server.closeAllConnections();
    server.close();
  });
  return { name: `127.0.0.1:${(server.address() as AddressInfo).port}/os:tag`, spoiled };
}

function answer(
  layout: string,
  spoiled: ReadonlyMap<string, Spoil>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  response.setHeader('docker-distribution-api-version', 'registry/2.0');
  if (request.url === '/v2/') return void response.end();
  const [, kind, name = ''] = /^\/v2\/os\/(manifests|blobs)\/(.+)$/.exec(request.url ?? '') ?? [];
  const manifest = manifestOf(layout);
  const digest = kind === 'manifests' && !name.startsWith('sha256:') ? manifest.digest : name;
  const file = join(layout, 'blobs', digest.replace(':', '/'));
  if (kind === undefined || !existsSync(file)) return void response.writeHead(404).end();
  const type = kind === 'manifests' ? manifest.mediaType : 'application/octet-stream';
  send(
    request,
    response,
    readFileSync(file),
    { 'content-type': type, 'docker-content-digest': digest },
    spoiled.get(digest),
  );
}

function send(
  { method }: IncomingMessage,
  response: ServerResponse,
  sound: Buffer,
  headers: Readonly<Record<string, string>>,
  spoil: Spoil | undefined,
): void {
  const bytes = spoil?.kind === 'bytes' ? spoil.bytes : sound;
  response.writeHead(200, { ...headers, 'content-length': bytes.length });
  if (method === 'HEAD') response.end();
  else if (spoil?.kind === 'cut') response.write(bytes.subarray(0, spoil.after), () => response.destroy());
  else response.end(bytes);
}

type ManifestEntry = { readonly digest: string; readonly mediaType: string };

function manifestOf(layout: string): ManifestEntry {
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
  return index.manifests[0];
}
