/** Starts `treeport serve` on a free port of the loopback. */
import type { TestContext } from 'node:test';
import { freePort } from '../../support/free-port.ts';
import { type Running, start, whenAnswering } from './processes.ts';
import { TREEPORT } from './run.ts';

export type Serving = Running & {
  readonly origin: string;
  /** URL of the repository, for remotes. */
  readonly repo: string;
};

export type ServeOptions = {
  readonly words?: readonly string[];
  /** Words before the product's, to run it under another program. */
  readonly under?: readonly string[];
};

/** Serves the repository at `path` until the test ends; returns when it is ready. */
export async function serve(
  t: Pick<TestContext, 'after'>,
  path: string,
  options: ServeOptions = {},
): Promise<Serving> {
  const address = `127.0.0.1:${await freePort()}`;
  const words = ['serve', '--repo', path, '--listen', address, ...(options.words ?? [])];
  const running = start(t, [...(options.under ?? []), ...TREEPORT, ...words]);
  const origin = `http://${address}`;
  await whenAnswering(`${origin}/readyz`, running);
  return { ...running, origin, repo: `${origin}/repo` };
}
