/** Platforms of images, whose architectures have Go's names. */
import { TreeportError } from '../../base/errors.ts';
import type { Platform } from './descriptor.ts';

const GO_ARCHITECTURES: ReadonlyMap<string, string> = new Map([
  ['x64', 'amd64'],
  ['x86_64', 'amd64'],
  ['aarch64', 'arm64'],
  ['ia32', '386'],
  ['i686', '386'],
  ['powerpc64le', 'ppc64le'],
  ['powerpc64', 'ppc64'],
]);

/** Go's name of an architecture, from Go's, the kernel's or Node's name; ERR_USAGE. */
export function goArchitecture(name: string): string {
  if (!/^[A-Za-z0-9_]+$/.test(name))
    throw new TreeportError('ERR_USAGE', `not an architecture: ${JSON.stringify(name)}`);
  return GO_ARCHITECTURES.get(name) ?? name;
}

/** The default platform: linux on this machine's architecture. */
export function hostPlatform(): Platform {
  return { architecture: goArchitecture(process.arch), os: 'linux' };
}

/**
 * True if an image of platform `has` runs where `wants` is asked for; a variant counts only if it is asked
 * for.
 */
export function platformFits(has: Platform, wants: Platform): boolean {
  if (has.architecture !== wants.architecture || has.os !== wants.os) return false;
  return wants.variant === undefined || has.variant === wants.variant;
}
