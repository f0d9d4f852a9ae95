/** Serves the landing page and its style sheet. */
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { swap64 } from '../../ostree/byte-order.ts';
import { dictString, hasKey } from '../../ostree/metadata-dict.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import type { SummaryRef } from '../../ostree/summary.ts';
import { REVALIDATE } from '../http/caching.ts';
import { FlatpakApps } from './flatpak-apps.ts';
import { type LandingRef, landingPage } from './landing-page.ts';

const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};
/** A name or address with an optional port; nothing else goes into commands that visitors paste. */
const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

/** `app` is decorated with the mirror's state (mirror.ts). */
export async function landingRoutes(app: FastifyInstance): Promise<void> {
  const { basePath, assetsDir, live, followed } = app.mirror;
  await app.register(fastifyStatic, {
    root: assetsDir,
    prefix: '/assets/',
    index: false,
    acceptRanges: false,
    decorateReply: false,
    maxAge: '1h',
    setHeaders: (response) => response.header('x-content-type-options', 'nosniff'),
  });
  const apps = new FlatpakApps();
  app.route({
    method: ['GET', 'HEAD'],
    url: '/',
    async handler(request, reply) {
      await followed.refresh();
      const { summary, isSigned } = await live.summary();
      const { refs, metadata } = summary;
      const title = dictString(metadata, 'xa.title');
      const page = landingPage({
        url: publicOrigin(request) + app.prefix + basePath,
        assets: `${app.prefix}/assets`,
        refs: refs.map(landingRef),
        ...(title === undefined ? {} : { title }),
        apps: await apps.of(followed.repo.objects, refs),
        isSigned: isSigned || (await hasSignedCommit(followed.repo.objects, refs[0])),
      });
      reply.headers(SECURITY_HEADERS).header('cache-control', REVALIDATE).type('text/html; charset=utf-8');
      return reply
        .header('content-length', Buffer.byteLength(page))
        .send(request.method === 'HEAD' ? null : page);
    },
  });
}

/** Scheme and host as in the visitor's address bar. */
function publicOrigin({ headers, socket }: FastifyRequest): string {
  const forwarded = String(headers['x-forwarded-proto'] ?? '')
    .split(',')[0]
    ?.trim();
  const scheme = forwarded === 'https' ? 'https' : 'http';
  const host = headers.host ?? '';
  return `${scheme}://${HOST.test(host) ? host : `localhost:${socket.localPort}`}`;
}

function landingRef({ name, commit, metadata }: SummaryRef): LandingRef {
  const timestamp = metadata.get('ostree.commit.timestamp');
  return {
    name,
    commit,
    version: dictString(metadata, 'ostree.commit.version'),
    timestamp: timestamp?.type === 't' ? Number(swap64(timestamp.value as bigint)) : undefined,
  };
}

async function hasSignedCommit(objects: ObjectSource, ref: SummaryRef | undefined): Promise<boolean> {
  if (ref === undefined) return false;
  try {
    return hasKey(await objects.metadata('commitmeta', ref.commit), 'ostree.gpgsigs');
  } catch {
    return false;
  }
}
