/**
 * Serves the landing page and its style sheet. People who open the address of the repository get the page
 * too; ostree's clients ask for files below it only.
 */
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { swap64 } from '../../ostree/byte-order.ts';
import { dictString } from '../../ostree/metadata-dict.ts';
import { isRefName } from '../../ostree/ref-name.ts';
import type { SummaryRef } from '../../ostree/summary.ts';
import { REVALIDATE } from '../http/caching.ts';
import { FlatpakApps } from './flatpak-apps.ts';
import { type LandingRef, landingPage } from './landing-page.ts';
import { commitSignatures, signaturesIn } from './signature-state.ts';

const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};
/** A name or address with an optional port; nothing else goes into commands that visitors paste. */
const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;
const PREFIX = /^(?:\/[\w.~-]*[\w~-])+$/;
/** 2 before 10. */
const NATURAL = new Intl.Collator('en', { numeric: true });

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
  const page = async (request: FastifyRequest): Promise<string> => {
    await followed.refresh();
    const { summary } = await live.summary();
    const refs = summary.refs.toSorted((one, other) => NATURAL.compare(one.name, other.name));
    const title = dictString(summary.metadata, 'xa.title');
    const { objects } = followed.repo;
    const commits = refs.map(({ commit }) => commit);
    const shown = refs.find(({ name }) => isRefName(name));
    const prefix = forwardedPrefix(request) + app.prefix;
    return landingPage({
      url: publicOrigin(request) + prefix + basePath,
      assets: `${prefix}/assets`,
      refs: refs.map(landingRef),
      ...(title === undefined ? {} : { title }),
      apps: await apps.of(objects, refs),
      commitKinds: (await commitSignatures(objects, shown === undefined ? [] : [shown.commit])).kinds,
      commits: await commitSignatures(objects, commits),
      summarySignatures: await live.signatures().then(signaturesIn, () => undefined),
    });
  };
  const urls = basePath === '' ? ['/'] : ['/', basePath, `${basePath}/`];
  for (const url of urls) {
    app.route({
      method: ['GET', 'HEAD'],
      url,
      async handler(request, reply) {
        const text = await page(request);
        reply.headers(SECURITY_HEADERS).header('cache-control', REVALIDATE).type('text/html; charset=utf-8');
        return reply
          .header('content-length', Buffer.byteLength(text))
          .send(request.method === 'HEAD' ? null : text);
      },
    });
  }
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

/** What a proxy takes off the paths of its visitors. */
function forwardedPrefix({ headers }: FastifyRequest): string {
  const prefix = String(headers['x-forwarded-prefix'] ?? '').replace(/\/+$/, '');
  return PREFIX.test(prefix) ? prefix : '';
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
