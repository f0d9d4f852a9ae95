/**
 * Makes the code cache of the server in images: code-cache.ts APP-FOLDER. The server is started over an
 * empty published repo and answers a few requests, because V8 caches the functions that have run.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeCacheOf, runProgram } from '../src/base/code-cache.ts';
import { writeCatalogue } from '../src/mirror/catalogue-writer.ts';

const DEADLINE_MS = 30_000;
const PATHS = [
  '/',
  '/style.css',
  '/repo/config',
  '/repo/summary',
  `/repo/objects/00/${'0'.repeat(62)}.filez`,
];

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function untilReady(origin: string): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const isReady = await fetch(`${origin}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    if (performance.now() > deadline) throw new Error(`the server at ${origin} does not start`);
    await sleep(10);
  }
}

async function writeCodeCache(app: string): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'treeport-code-cache-'));
  try {
    cpSync(app, join(home, 'app'), { recursive: true });
    mkdirSync(join(home, 'repo/objects'), { recursive: true });
    writeFileSync(join(home, 'repo/config'), '[core]\nrepo_version=1\nmode=archive-z2\n');
    await writeCatalogue(join(home, 'repo/catalogue'), []);
    const port = await freePort();
    process.argv.splice(2, 1, 'serve', '--listen', `127.0.0.1:${port}`, '--log-level', 'silent');
    const script = runProgram(join(home, 'app/server.cjs'));
    const origin = `http://127.0.0.1:${port}`;
    await untilReady(origin);
    for (const path of PATHS) await (await fetch(origin + path)).arrayBuffer();
    writeFileSync(codeCacheOf(join(app, 'server.cjs')), script.createCachedData());
  } finally {
    rmSync(home, { recursive: true });
  }
}

await writeCodeCache(process.argv[2] as string);
// The server goes on listening.
process.exit();
