/** Counts what is uploaded to a registry. */
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

export type UploadCounter = {
  readonly name: string;
  /** Digests of blobs that were uploaded. */
  readonly uploaded: string[];
  /** Digests of blobs that the registry took from another repository. */
  readonly mounted: string[];
};

/** In front of a registry. */
export async function startUploadCounter(t: TestContext, registry: string): Promise<UploadCounter> {
  const [uploaded, mounted]: [string[], string[]] = [[], []];
  const server = createServer((incoming, response) => {
    const { method = 'GET', url = '/', headers } = incoming;
    const { searchParams } = new URL(url, 'http://any');
    const [digest, mount] = ['digest', 'mount'].map((name) => searchParams.get(name));
    const forwarded = request(`http://${registry}${url}`, { method, headers }, (answer) => {
      if (method === 'PUT' && digest && answer.statusCode === 201) uploaded.push(digest);
      if (method === 'POST' && mount && answer.statusCode === 201) mounted.push(mount);
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    incoming.pipe(forwarded);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { name: `localhost:${(server.address() as AddressInfo).port}`, uploaded, mounted };
}

/** The environment of a user whose registries.conf has the registry as one without TLS. */
export async function withInsecure(
  folder: string,
  registry: string,
): Promise<Readonly<Record<string, string>>> {
  const settings = join(folder, '.config/containers');
  await mkdir(settings, { recursive: true });
  const lines = ['[[registry]]', `location = "${registry}"`, 'insecure = true', ''];
  await writeFile(join(settings, 'registries.conf'), lines.join('\n'));
  return { HOME: folder };
}
