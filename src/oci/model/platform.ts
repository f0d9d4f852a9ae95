/** Platforms of images, whose architectures have Go's names. */
import { TreeportError } from '../../base/errors.ts';
import type { Platform } from './descriptor.ts';

const GO_ARCHITECTURES: ReadonlyMap<string, string> = new Map([
  ['x64', 'amd64'],
  ['x86_64', 'amd64'],
  ['aarch64', 'arm64'],
  ['ia32', '386'],
  ['i386', '386'],
  ['i486', '386'],
  ['i586', '386'],
  ['i686', '386'],
  ['armhfp', 'arm'],
  ['armv6l', 'arm'],
  ['armv7hl', 'arm'],
  ['armv7l', 'arm'],
  ['armhf', 'arm'],
  ['loongarch64', 'loong64'],
  ['mips64el', 'mips64le'],
  ['mipsel', 'mipsle'],
  ['ppc64el', 'ppc64le'],
  ['powerpc64le', 'ppc64le'],
  ['powerpc64', 'ppc64'],
]);

/** Those that Go builds programs of Linux for. */
const KNOWN: readonly string[] = [
  '386',
  'amd64',
  'arm',
  'arm64',
  'loong64',
  'mips',
  'mips64',
  'mips64le',
  'mipsle',
  'ppc64',
  'ppc64le',
  'riscv64',
  's390x',
];

/** Go's name of an architecture, from Go's, the kernel's or Node's name; ERR_USAGE. */
export function goArchitecture(name: string): string {
  const known = knownArchitecture(name);
  if (known !== undefined) return known;
  throw new TreeportError(
    'ERR_USAGE',
    `${JSON.stringify(name)} is not an architecture: give one of ${KNOWN.join(', ')}`,
  );
}

/** Undefined if containers have no such architecture. */
export function knownArchitecture(name: string): string | undefined {
  return GO_ARCHITECTURES.get(name) ?? KNOWN.find((known) => known === name);
}

/** The default platform: linux on this machine's architecture. */
export function hostPlatform(): Platform {
  return { architecture: goArchitecture(process.arch), os: 'linux' };
}

/** `linux/arm/v7`, as tools show it. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}

/**
 * True if an image of platform `has` runs where `wants` is asked for; a variant counts only if it is asked
 * for.
 */
export function platformFits(has: Platform, wants: Platform): boolean {
  if (has.architecture !== wants.architecture || has.os !== wants.os) return false;
  return wants.variant === undefined || has.variant === wants.variant;
}
