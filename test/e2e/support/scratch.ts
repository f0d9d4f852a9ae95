/**
 * Where end-to-end tests put their files. What is costly to make and only read (the OS tree, its
 * repository, images of it) is made once per run of the tests and shared by the test files of that run:
 * `npm test` names the folder in TREEPORT_E2E_DIR and removes it at the end. A test file that is run
 * alone has a folder of its own. Nothing is ever taken over from an earlier run.
 */
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, watch } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';

/** Not /tmp: it may be in memory, and may lack user attributes. */
const BASE = process.env.TMPDIR ?? '/var/tmp';
const SHARED_WAIT = 300_000;

/** Makes the folder of one run; removed when this process exits. */
export function makeRunFolder(): string {
  const folder = mkdtempSync(join(BASE, 'treeport-e2e-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(1));
  }
  return folder;
}

const state: { folder: string | undefined } = { folder: process.env.TREEPORT_E2E_DIR };

function runFolder(): string {
  state.folder ??= makeRunFolder();
  return state.folder;
}

const cleanUps = new WeakMap<object, (() => Promise<unknown>)[]>();

/** Has something done when the test is over: last in, first out, so that users of a folder go before it. */
export function atEnd(t: Pick<TestContext, 'after'>, cleanUp: () => Promise<unknown>): void {
  const stack = cleanUps.get(t) ?? [];
  if (stack.length === 0) {
    cleanUps.set(t, stack);
    t.after(async () => {
      for (const next of stack.toReversed()) await next();
    });
  }
  stack.push(cleanUp);
}

/** A folder of this test's own, removed after it. */
export async function tempDir(t: Pick<TestContext, 'after'>): Promise<string> {
  const folder = await mkdtemp(join(runFolder(), 'own-'));
  atEnd(t, () => rm(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * A folder that the first test file to ask for `name` has `build` fill; what `build` gives (JSON) is given to
 * all. The others wait. A failed build fails everyone who asks.
 */
export async function shared<Value>(name: string, build: (folder: string) => Promise<Value>): Promise<Value> {
  const folder = join(runFolder(), name);
  const answer = `${folder}.json`;
  if (await claim(`${folder}.claim`)) await publish(answer, folder, build);
  const { value, error } = JSON.parse(await whenThere(answer)) as { value: Value; error?: string };
  if (error !== undefined) throw new Error(`cannot make ${name}: ${error}`);
  return value;
}

async function claim(file: string): Promise<boolean> {
  try {
    await (await open(file, 'wx')).close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function publish<Value>(
  answer: string,
  folder: string,
  build: (folder: string) => Promise<Value>,
): Promise<void> {
  const result = await mkdir(folder)
    .then(() => build(folder))
    .then(
      (value) => ({ value }),
      (error) => ({ error: String(error) }),
    );
  await writeFile(`${answer}.part`, JSON.stringify(result));
  await rename(`${answer}.part`, answer);
}

async function whenThere(file: string): Promise<string> {
  using watcher = disposable(watch(dirname(file)));
  const signal = AbortSignal.timeout(SHARED_WAIT);
  while (!existsSync(file)) await once(watcher, 'change', { signal });
  return readFile(file, 'utf8');
}

function disposable<Closable extends { close(): void }>(it: Closable): Closable & Disposable {
  return Object.assign(it, { [Symbol.dispose]: () => it.close() });
}
