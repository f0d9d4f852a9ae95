/**
 * Runs the README's commands on minimal Debian systems: check-fresh.ts [--unit|--deb] [SUITE...]. In each,
 * the Debian package is installed and used, and with `--deb` nothing else; `npm start`, the client commands
 * that it prints, and `npm test` must work; `--unit` skips the end-to-end tests and the fuzzing. If no such
 * system can be made, prints the reason and succeeds.
 */
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { basename, join } from 'node:path';
import { checkDebianPackage } from './check-deb.ts';
import { FreshRoot, MINUTE, obstacle } from './fresh-root.ts';

const ROOT = join(import.meta.dirname, '..');
/** With Node 18 and Node 20. */
const SUITES = ['bookworm', 'trixie'];
const NO_UNIT_TESTS = ['e2e', 'fuzz'];
const README_PORT = 8080;
const STARTED = /^Serving on http:/m;
const TOO_OLD = /^treeport: ERR_NODE_VERSION: [^\n]+\n$/;

/** Throws if a command fails in the system. */
async function check(suite: string, isUnit: boolean): Promise<void> {
  const say = (text: string) => console.log(`== ${suite}: ${text}`);
  say('making a minimal Debian system');
  using root = FreshRoot.make(suite, ROOT);
  const must = async (command: string, minutes: number) => {
    say(command);
    const isDone = await root.run(command, { timeout: minutes * MINUTE });
    if (!isDone) throw new Error(`${suite}: ${command} failed`);
  };
  await must('node --version && npm --version', 1);

  const demo = await startDemo(root, say);
  await must('sh scripts/install-programs test', 10);
  for (const line of demo.lines) await must(line, 2);
  await must('ostree --repo=client fsck --quiet', 2);
  demo.stop();

  say('the built command under the Node of the system');
  const old: string[] = [];
  await root.run('exec node dist/bin/treeport.cjs --version', {
    timeout: MINUTE,
    onOutput: (text) => old.push(text),
  });
  if (!TOO_OLD.test(old.join(''))) throw new Error(`${suite}: expected one line, got: ${old.join('')}`);

  await must(['npm test', ...(isUnit ? ['--', ...unitFolders()] : [])].join(' '), isUnit ? 30 : 60);
}

/** Runs `npm start` until it serves, and returns the client commands that it prints. */
async function startDemo(root: FreshRoot, say: (text: string) => void) {
  const port = await freePort(README_PORT);
  const command = port === README_PORT ? 'npm start' : `npm start -- --listen ${port}`;
  say(command);
  const printed: string[] = [];
  const serving = Promise.withResolvers<void>();
  const demo = root.start(command, {
    timeout: 15 * MINUTE,
    onOutput: (text) => {
      process.stdout.write(text);
      printed.push(text);
      // The commands follow, possibly in later pieces, and end with a blank line.
      if (STARTED.test(printed.join('')) && /kubectl run.*\n/.test(printed.join(''))) serving.resolve();
    },
  });
  void demo.ended.then(() => serving.reject(new Error(`${command} ended`)));
  await serving.promise;
  const lines = printed.join('').match(/^ {4}ostree .*$/gm) ?? [];
  return { lines: lines.map((line) => line.trim()), stop: demo.kill };
}

/** The port if it is free, else another one. */
async function freePort(wanted: number): Promise<number> {
  const server = createServer();
  const listening = once(server, 'listening');
  server.listen(wanted);
  const isFree = await listening.then(
    () => true,
    () => false,
  );
  if (!isFree) return freePort(0);
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function unitFolders(): readonly string[] {
  const folders = globSync('test/*/', { cwd: ROOT }).map((path) => basename(path));
  const withTests = folders.filter((name) => globSync(`test/${name}/**/*.test.ts`, { cwd: ROOT }).length > 0);
  return withTests
    .filter((name) => !NO_UNIT_TESTS.includes(name))
    .toSorted()
    .map((name) => `test/${name}/`);
}

const words = process.argv.slice(2);
const suites = words.filter((word) => !word.startsWith('--'));
const reason = obstacle();
if (reason === undefined) {
  for (const suite of suites.length > 0 ? suites : SUITES) {
    await checkDebianPackage(suite);
    if (!words.includes('--deb')) await check(suite, words.includes('--unit'));
  }
} else {
  console.log(`skip  check:fresh: cannot make a fresh system here: ${reason}`);
}
