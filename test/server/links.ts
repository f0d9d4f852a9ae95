/** Links for tests of what depends on them, and what the servers of a test take those of clients for. */
import type { TestContext } from 'node:test';
import { knownLinks } from '../../src/server/http/known-links.ts';
import { type Link, LinkSpeed } from '../../src/server/http/link-speed.ts';

export const FAST: Link = { isSlow: false, isFast: true, isKnownSlow: false, took: () => {} };
export const SLOW: Link = { isSlow: true, isFast: false, isKnownSlow: true, took: () => {} };
/** As in a trial. */
export const UNKNOWN: Link = { isSlow: false, isFast: false, isKnownSlow: false, took: () => {} };

/** Servers of this process take all links for this one; otherwise it depends on what was sent before. */
export function takeLinksFor(t: TestContext, link: Link): void {
  t.mock.method(knownLinks, 'of', () => new LinkSpeed(link));
}
