/** A server of a small repository with a virtual delta, stored as images have it or computed. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import { partPath } from '../../src/delta/static/superblock.ts';
import { buildVirtualDeltas } from '../../src/delta/virtual/build-virtual-deltas.ts';
import { PartMaker } from '../../src/delta/virtual/part-maker.ts';
import {
  type VirtualDelta,
  type VirtualProfile,
  virtualDeltaPath,
} from '../../src/delta/virtual/virtual-delta.ts';
import { deltaIndexPath, superblockPath } from '../../src/ostree/delta-name.ts';
import { createServer } from '../../src/server/app.ts';
import type { ServerOptions } from '../../src/server/options.ts';
import { writeDeltaTrees } from './delta-trees.ts';
import { testFolder } from './small-image.ts';

/** A client that is offered virtual deltas. */
export const NEW = { 'user-agent': 'libostree/2025.2' };

type Setup = Partial<ServerOptions> & {
  /** Stored as an image has it; computed by the server otherwise. */
  readonly isStored?: boolean;
  readonly change?: (superblock: Buffer) => Buffer;
};

export async function virtualServer(
  t: TestContext,
  profile: VirtualProfile,
  { isStored = true, change, ...options }: Setup = {},
) {
  const folder = await testFolder(t);
  const { repo, to, from } = await writeDeltaTrees(join(folder, 'repo'));
  const maker = new PartMaker();
  t.after(() => maker.close());
  const [delta] = (await buildVirtualDeltas(repo.objects, to, { profiles: [profile], maker })) as [
    VirtualDelta,
  ];
  if (isStored)
    write(join(repo.path, virtualDeltaPath(to, profile)), (change ?? ((bytes) => bytes))(delta.superblock));
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
  const start = async () => {
    const { app, counters } = await createServer({ repo, logger, virtualDeltas: profile, ...options });
    t.after(() => app.close());
    const get = (path: string, headers: Readonly<Record<string, string>> = NEW) =>
      app.inject({ url: `/repo/${path}`, headers });
    const index = (headers = NEW) => get(deltaIndexPath(to), headers);
    const superblock = (headers = NEW) => get(superblockPath({ from: undefined, to }), headers);
    const part = (number: number, headers = {}) =>
      get(partPath({ from: undefined, to }, number), { ...NEW, ...headers });
    const isReady = async () =>
      (await index()).statusCode === 200 || lines.some((line) => line.includes('"level":40'));
    // Stored deltas are offered from the start.
    while (!isStored && !(await isReady())) await nextTurn();
    return { app, counters, get, index, superblock, part };
  };
  return { repo, to, from, delta, lines, folder, start };
}

export function write(path: string, bytes: Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}
