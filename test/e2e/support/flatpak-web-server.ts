/**
 * Stands in for web-server.py of flatpak's own test suites: `flatpak-web-server.ts DIRECTORY` serves each
 * repository NAME in the directory as /NAME by treeport's server, and other files as they are. Like the
 * original it writes httpd-port and httpd-pid, says on descriptor 3 that it has started, and logs requests.
 */
import { existsSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { type RunningServer, serve } from '../../../src/server/listen.ts';

const root = resolve(process.argv[2] || '.');
const servers = new Map<string, Promise<RunningServer>>();

function serverOf(name: string): Promise<RunningServer> {
  const path = join(root, name);
  const known = servers.get(name) ?? start(path, name);
  servers.set(name, known);
  return known;
}

async function start(path: string, name: string): Promise<RunningServer> {
  const repo = await openRepository(path);
  const reopen = () => openRepository(path);
  return serve({ repo, reopen, listen: '127.0.0.1:0', basePath: `/${name}`, logLevel: 'silent' });
}

async function answer(asked: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = 'GET', url = '/', headers } = asked;
  // Before the answer, because suites look into the log as soon as their client has ended.
  const log = (status: number) => writeSync(2, `127.0.0.1 - - [] "${method} ${url} HTTP/1.1" ${status} -\n`);
  const [, name = ''] = /^\/([\w.-]+)\//.exec(url) ?? [];
  if (name === '' || !existsSync(join(root, name, 'config'))) return sendFile(url, response, log);
  const { port } = await serverOf(name);
  const passed = request({ port, host: '127.0.0.1', method, path: url, headers }, (got) => {
    log(got.statusCode ?? 500);
    response.writeHead(got.statusCode ?? 500, got.headers);
    got.pipe(response);
  });
  passed.on('error', () => response.destroy());
  passed.end();
}

function sendFile(url: string, response: ServerResponse, log: (status: number) => void): void {
  const path = join(root, decodeURIComponent(url.replace(/\?.*/s, '')));
  const status = statSync(path, { throwIfNoEntry: false })?.isFile() ? 200 : 404;
  log(status);
  response.writeHead(status).end(status === 200 ? readFileSync(path) : undefined);
}

const server = createServer(
  (asked, response) => void answer(asked, response).catch(() => response.destroy()),
);
server.listen(0, '127.0.0.1', () => {
  writeFileSync('httpd-port', String((server.address() as AddressInfo).port));
  writeFileSync('httpd-pid', String(process.pid));
  writeSync(3, 'Started\n');
});
