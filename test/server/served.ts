/** A server in this process for tests of its routes, and what is asked of its answers. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { pino } from 'pino';
import { hashedHeader, isSymlink, parseArchiveHeader } from '../../src/ostree/file-header.ts';
import type { Repository } from '../../src/ostree/repo/open.ts';
import { createServer } from '../../src/server/app.ts';
import type { ServerOptions } from '../../src/server/options.ts';

export async function served(t: TestContext, repo: Repository, options: Partial<ServerOptions> = {}) {
  const lines: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => lines.push(line) });
  const server = await createServer({ repo, logger, ...options });
  t.after(() => server.app.close());
  const origin = await server.app.listen({ port: 0, host: '127.0.0.1' });
  return { ...server, origin, lines, errors: () => lines.filter((line) => line.includes('"level":50')) };
}

/** The id of the object that these archive bytes hold. */
export function idOf(archive: Buffer): string {
  const { header, length, size } = parseArchiveHeader(archive, 'the answer');
  const bytes = isSymlink(header) ? Buffer.alloc(0) : inflateRawSync(archive.subarray(length));
  assert.equal(bytes.length, size);
  if (isSymlink(header)) assert.equal(archive.length, length, 'a symlink has no body');
  return createHash('sha256').update(hashedHeader(header)).update(bytes).digest('hex');
}

/** Compresses to about a third, so that pieces are of odd sizes. */
export function text(size: number): Buffer {
  return Buffer.from(
    randomBytes(Math.ceil(size / 2))
      .toString('hex')
      .slice(0, size),
  );
}
