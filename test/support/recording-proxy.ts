/** An HTTP proxy in front of one server that remembers which paths were requested with success. */
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export type RecordingProxy = {
  /** As the server's, without a slash at the end. */
  readonly origin: string;
  /** The paths of answers with status 200, in order. */
  readonly paths: string[];
};

export async function startRecordingProxy(
  t: Pick<TestContext, 'after'>,
  origin: string,
  /** Added to the client's. */
  own: Readonly<Record<string, string>> = {},
): Promise<RecordingProxy> {
  const paths: string[] = [];
  const server = createServer(({ method = 'GET', url = '/', headers }, response) => {
    const forwarded = request(new URL(url, origin), { method, headers: { ...headers, ...own } }, (answer) => {
      if (answer.statusCode === 200) paths.push(decodeURIComponent(url));
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    forwarded.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, paths };
}
