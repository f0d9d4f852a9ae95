/**
 * bare-node.ts REPO PORT: the least that a server on node:http can do. It answers files of a repository from
 * memory after their first request, with two headers, and neither checks nor logs anything. No server that
 * keeps Node's HTTP parser answers more requests per second.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const [repo = '', port] = process.argv.slice(2);
const PREFIX = '/repo/';
const files = new Map<string, Buffer>();

const server = createServer((request, response) => {
  const url = request.url ?? '';
  const file = files.get(url) ?? load(url);
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': file.length });
  response.end(file);
});
server.listen(Number(port), '127.0.0.1');

function load(url: string): Buffer {
  const file = readFileSync(join(repo, url.slice(PREFIX.length)));
  files.set(url, file);
  return file;
}
