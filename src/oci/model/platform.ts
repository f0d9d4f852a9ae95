/** Platform names: Go's, as images use them, and the machine's own. */
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

/** Go's name of an architecture, from Go's, the kernel's or Node's name of it. */
export function goArchitecture(name: string): string {
  if (!/^[A-Za-z0-9_]+$/.test(name))
    throw new TreeportError('ERR_USAGE', `not an architecture: ${JSON.stringify(name)}`);
  return GO_ARCHITECTURES.get(name) ?? name;
}

/** linux on this machine's architecture: the platform when nothing else is asked for. */
export function hostPlatform(): Platform {
  return { architecture: goArchitecture(process.arch), os: 'linux' };
}
