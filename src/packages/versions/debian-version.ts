/**
 * Compares versions as dpkg and opkg do (deb-version(7)): `[epoch:]upstream[-revision]`, each part cut into
 * other characters and numbers by turns. `~` sorts before the end, letters before all others.
 */
import { compareNumerals } from './rpm-version.ts';

/** Negative if `a` is older. */
export function compareDebianVersions(a: string, b: string): number {
  const [x, y] = [splitVersion(a), splitVersion(b)];
  return (
    compareNumerals(x.epoch, y.epoch) ||
    compareParts(x.upstream, y.upstream) ||
    compareParts(x.revision, y.revision)
  );
}

function splitVersion(text: string): { epoch: string; upstream: string; revision: string } {
  const [, epoch = '0', rest = ''] = /^(?:(\d+):)?(.*)$/s.exec(text) ?? [];
  const dash = rest.lastIndexOf('-');
  if (dash < 0) return { epoch, upstream: rest, revision: '' };
  return { epoch, upstream: rest.slice(0, dash), revision: rest.slice(dash + 1) };
}

function compareParts(a: string, b: string): number {
  const [x, y] = [piecesOf(a), piecesOf(b)];
  for (let index = 0; index < Math.max(x.length, y.length); index++) {
    const order = compareOthers(x[index]?.other ?? '', y[index]?.other ?? '');
    if (order !== 0) return order;
    const numbers = compareNumerals(x[index]?.digits ?? '', y[index]?.digits ?? '');
    if (numbers !== 0) return numbers;
  }
  return 0;
}

function piecesOf(text: string): readonly { readonly other: string; readonly digits: string }[] {
  return [...text.matchAll(/([^0-9]*)([0-9]*)/g)].map(([, other = '', digits = '']) => ({ other, digits }));
}

function compareOthers(a: string, b: string): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const order = rank(a[at]) - rank(b[at]);
    if (order !== 0) return Math.sign(order);
  }
  return 0;
}

/** The end ranks as 0. */
function rank(character: string | undefined): number {
  if (character === undefined) return 0;
  if (character === '~') return -1;
  return /[a-zA-Z]/.test(character) ? character.charCodeAt(0) : character.charCodeAt(0) + 256;
}
