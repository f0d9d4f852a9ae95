/**
 * `/healthz`: the process answers. `/readyz`: the repository can be read and has a summary, and the server is not
 * going down.
 */
import { access, constants, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { messageOf } from '../../base/errors.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import type { FollowedRepository } from '../live/followed-repo.ts';
import type { LiveRepository } from '../live/live-summary.ts';
import { NOT_STORED } from './cache-control.ts';
import { sendText } from './reply.ts';

export type HealthRoutesOptions = {
  readonly followed: FollowedRepository;
  readonly live: LiveRepository;
  readonly isDraining: () => boolean;
};

export async function healthRoutes(
  app: FastifyInstance,
  { followed, live, isDraining }: HealthRoutesOptions,
): Promise<void> {
  app.route({
    method: ['GET', 'HEAD'],
    url: '/healthz',
    handler: (_request, reply) => sendText(reply, 200, 'ok', NOT_STORED),
  });
  app.route({
    method: ['GET', 'HEAD'],
    url: '/readyz',
    async handler(_request, reply) {
      if (isDraining()) return sendText(reply, 503, 'shutting down', NOT_STORED);
      try {
        await followed.refresh();
        await checkReadable(followed.repo);
        await live.summary();
        return sendText(reply, 200, 'ready', NOT_STORED);
      } catch (error) {
        return sendText(reply, 503, `the repository cannot be read: ${messageOf(error)}`, NOT_STORED);
      }
    },
  });
}

async function checkReadable(repo: Repository): Promise<void> {
  await access(join(repo.path, 'objects'), constants.R_OK | constants.X_OK);
  await readdir(join(repo.path, 'refs/heads')).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (repo.parent !== undefined) await checkReadable(repo.parent);
}
