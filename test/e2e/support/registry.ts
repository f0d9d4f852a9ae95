/** A `docker-registry` on the loopback. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from '../../support/free-port.ts';
import { start, whenAnswering } from './processes.ts';

/** Starts an empty registry that keeps its data below `folder`; gives `localhost:PORT`. */
export async function startRegistry(t: Pick<TestContext, 'after'>, folder: string): Promise<string> {
  const port = await freePort();
  const data = join(folder, 'registry');
  const config = join(folder, 'registry.yml');
  await mkdir(data);
  await writeFile(
    config,
    [
      'version: 0.1',
      'log: {level: error}',
      `storage: {filesystem: {rootdirectory: ${data}}}`,
      `http: {addr: 127.0.0.1:${port}}`,
      '',
    ].join('\n'),
  );
  const running = start(t, ['docker-registry', 'serve', config]);
  await whenAnswering(`http://127.0.0.1:${port}/v2/`, running);
  return `localhost:${port}`;
}
