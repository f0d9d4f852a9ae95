/**
 * Health of a server. `/healthz` answers as long as the process does, and names the version; `/readyz` if the
 * repository and its summary can be read and the server is not shutting down. {@link checkHealth} asks for
 * it, for containers that have no curl.
 */
import { access, constants, readdir } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { messageOf, TreeportError } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { lineAnswer } from './http/answer.ts';
import { NOT_STORED } from './http/caching.ts';
import { sendAnswer } from './http/send.ts';

const CHECK_TIMEOUT_MS = 5000;

/** `app` is decorated with the mirror's state (mirror.ts). */
export async function healthRoutes(app: FastifyInstance): Promise<void> {
  const { followed, live, isDraining } = app.mirror;
  const line = (reply: FastifyReply, status: 200 | 503, text: string) =>
    sendAnswer(reply, lineAnswer(reply.request, status, text, NOT_STORED));
  app.route({
    method: ['GET', 'HEAD'],
    url: '/healthz',
    handler: (_request, reply) => line(reply, 200, `ok\ntreeport ${VERSION}`),
  });
  app.route({
    method: ['GET', 'HEAD'],
    url: '/readyz',
    async handler(_request, reply) {
      if (isDraining()) return line(reply, 503, 'shutting down');
      try {
        await followed.refresh();
        await checkReadable(followed.repo);
        await live.summary();
        return line(reply, 200, 'ready');
      } catch (error) {
        return line(reply, 503, `the repository cannot be read: ${messageOf(error)}`);
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

/**
 * Asks a running server; ERR_NOT_READY unless `url` (plain http) answers 200. The message has the status or
 * the error.
 */
export async function checkHealth(url: string): Promise<void> {
  const status = new Promise<number | undefined>((resolve, reject) => {
    const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS);
    const request = get(url, { signal, agent: false }, (answer) => resolve(answer.resume().statusCode));
    request.on('error', reject);
  });
  const outcome = await status.catch(messageOf);
  if (outcome !== 200) throw new TreeportError('ERR_NOT_READY', `${url} does not answer 200: ${outcome}`);
}
