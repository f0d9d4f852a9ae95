/**
 * Makes the code cache of a bundled program: code-cache.ts PROGRAM. A server is started over an empty
 * published repo and answers a few requests, because V8 caches the functions that have run.
 *
 * Equal programs give equal bytes, because the cache of the server is part of the runtime layer. So the seeds
 * of hashes and the clock are fixed, the server does one thing after another, and the cache is made when the
 * process exits, when everything that was started has ended. Nothing is collected before, because memory that
 * is used again shows in the cache's padding. A cache is for the flags that are set when it is made, so they
 * are reset before that.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { codeCacheOf, runProgram } from '../src/base/code-cache.ts';
import { writeCatalogue } from '../src/mirror/catalogue-writer.ts';

const PATHS = [
  '/readyz',
  '/',
  '/style.css',
  '/repo/config',
  '/repo/summary',
  `/repo/objects/00/${'0'.repeat(62)}.filez`,
];
const FLAGS = [
  '--hash-seed=1',
  '--random-seed=1',
  '--no-flush-bytecode',
  '--initial-heap-size=1024',
  '--min-semi-space-size=64',
  // A background thread leaves a mark in each function that it is still compiling.
  '--no-concurrent-sparkplug',
];
/** V8's defaults; the last is a flag that the command sets. */
const RESET = [
  '--hash-seed=0',
  '--random-seed=0',
  '--flush-bytecode',
  '--initial-heap-size=0',
  '--min-semi-space-size=0',
  '--semi-space-growth-factor=2',
  '--concurrent-sparkplug',
];
/** Tells the process that has the flags. */
const MAKE = 'make';

async function makeCodeCache(program: string): Promise<void> {
  const now = Date.now();
  Date.now = () => now;
  // Not the time since the start, by which the server would look at the machine's load or not.
  performance.now = () => 0;

  const home = mkdtempSync(join(tmpdir(), 'treeport-code-cache-'));
  const repo = join(home, 'repo');
  cpSync(dirname(program), join(home, 'app'), { recursive: true });
  mkdirSync(join(repo, 'objects'), { recursive: true });
  writeFileSync(join(repo, 'config'), '[core]\nrepo_version=1\nmode=archive-z2\n');
  await writeCatalogue(join(repo, 'catalogue'), []);

  const words = ['serve', '--listen', '127.0.0.1:0', '--log-level', 'silent'];
  const name = basename(program);
  const port = nextPort();
  process.argv = [process.argv[0] as string, name, ...words];
  const { script, exports } = runProgram(join(home, 'app', name), name);
  process.once('exit', () => {
    rmSync(home, { recursive: true });
    for (const flag of RESET) setFlagsFromString(flag);
    writeFileSync(codeCacheOf(program), script.createCachedData());
  });
  const { run } = exports as { readonly run?: (args: readonly string[]) => Promise<void> };
  await run?.([...words, '--repo', repo]);
  const socket = connect(await port, '127.0.0.1');
  for (const path of PATHS) await request(socket, path);
  socket.end();
  await once(socket, 'close');
  process.kill(process.pid, 'SIGINT');
}

/** The port of the next server that listens in this process. */
function nextPort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const { listen } = Server.prototype;
  Server.prototype.listen = function (this: Server, ...options: unknown[]) {
    Server.prototype.listen = listen;
    this.once('listening', () => resolve((this.address() as { readonly port: number }).port));
    return Reflect.apply(listen, this, options);
  };
  return promise;
}

/** Sends a request, and reads the answer to its end. */
async function request(socket: Socket, path: string): Promise<void> {
  socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  let text = '';
  for (;;) {
    const [piece] = (await once(socket, 'data')) as [Buffer];
    text += piece.toString('latin1');
    const [head = '', body] = text.split(/\r\n\r\n(.*)/s);
    const [, length = '0'] = /^content-length: (\d+)/im.exec(head) ?? [];
    if (body !== undefined && body.length >= Number(length)) return;
  }
}

const [program = '', task] = process.argv.slice(2);
if (task === MAKE) await makeCodeCache(program);
else {
  const words = [...FLAGS, import.meta.filename, program, MAKE];
  // What the server does depends on the environment, and on whether it writes to pipes.
  const { status, stderr } = spawnSync(process.execPath, words, {
    env: {},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  process.stderr.write(stderr);
  process.exitCode = status ?? 1;
}
