/**
 * The scopes that a containers policy may have a rule for an image under, most specific first
 * (containers-policy.json(5), "Supported transports and their scopes"; policyconfiguration of
 * containers/image).
 */
import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type ImageReference, layoutLocation } from '../model/reference.ts';

export type PolicyScopes = {
  /** The transport's name in a policy. */
  readonly transport: string;
  /** Without the transport's default `''`. Undefined if the reference does not determine them. */
  readonly scopes: readonly string[] | undefined;
};

export async function policyScopes(reference: ImageReference): Promise<PolicyScopes> {
  const { transport, name } = reference;
  switch (transport) {
    case 'registry':
      return { transport: 'docker', scopes: repositoryScopes(name) };
    case 'docker-daemon':
      return { transport, scopes: isImageId(name) ? [] : repositoryScopes(name) };
    case 'docker-archive':
      return { transport, scopes: [] };
    case 'oci':
    case 'oci-archive':
      return { transport, scopes: await pathScopes(layoutLocation(reference).path) };
    case 'dir':
      return { transport, scopes: await pathScopes(name) };
    case 'containers-storage':
      // Scopes start with the driver and root of the storage.
      return { transport, scopes: undefined };
  }
}

/**
 * `host/path:tag` in full, its repository, each namespace above, the host, and wildcards for the domains
 * above it.
 */
export function repositoryScopes(name: string): readonly string[] {
  const full = withDefaultHost(name);
  const [repository, identity] = splitIdentity(full);
  const host = repository.slice(0, repository.indexOf('/'));
  return [identity, ...prefixes(repository), ...wildcards(host.replace(/:.*$/, ''))];
}

/** Expands `busybox` to `docker.io/library/busybox`; the first component is a host if it looks like one. */
function withDefaultHost(name: string): string {
  const [first = '', ...rest] = name.split('/');
  const isHost =
    rest.length > 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  if (!isHost) return `docker.io/${rest.length === 0 ? 'library/' : ''}${name}`;
  if (first !== 'docker.io' && first !== 'index.docker.io') return name;
  return `docker.io/${rest.length === 1 ? 'library/' : ''}${rest.join('/')}`;
}

/** The repository, and the full reference: with its digest, else its tag, which defaults to `latest`. */
function splitIdentity(full: string): readonly [repository: string, identity: string] {
  const [named = '', digest] = full.split('@');
  const colon = named.indexOf(':', named.lastIndexOf('/'));
  const repository = colon === -1 ? named : named.slice(0, colon);
  if (digest !== undefined) return [repository, `${repository}@${digest}`];
  return [repository, colon === -1 ? `${repository}:latest` : named];
}

/** `a/b/c`, `a/b`, `a`. */
function prefixes(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
}

/** `*.b.c` and `*.c` for `a.b.c`. */
function wildcards(host: string): readonly string[] {
  const labels = host.split('.');
  return labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join('.')}`);
}

/** The resolved path and each of its parent directories except the root. */
async function pathScopes(path: string): Promise<readonly string[]> {
  const resolved = await resolveLinks(path);
  return prefixes(resolved).filter((scope) => scope !== '');
}

/** Resolves links; for a file that does not exist, those of its directory. */
async function resolveLinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return join(await realpath(dirname(path)).catch(() => dirname(path)), basename(path));
  }
}

/** `sha256:…`, or 64 digits. */
function isImageId(name: string): boolean {
  return /^(?:sha256:)?[0-9a-f]{64}$/.test(name);
}
