/**
 * Names of images in registries: `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`. Names without a host are Docker Hub's.
 *
 * Source: the grammar of github.com/distribution/reference.
 */

const HOST_LABEL = '(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])';
const HOST = new RegExp(`^(?:${HOST_LABEL}(?:\\.${HOST_LABEL})*|\\[[0-9A-Fa-f:]+\\])(?::[0-9]+)?$`);
const PATH_PART = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[+._-][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
const MAX_PATH = 255;
const DOCKER_HUB = 'docker.io';

type Parts = {
  readonly host: string | undefined;
  readonly path: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
};

/** The host, with its port if the name has one; that skopeo asks for the image. */
export function registryHost(name: string): string {
  return split(name).host ?? DOCKER_HUB;
}

/** What is wrong with the name; undefined if it is well-formed. */
export function registryNameFault(name: string): string | undefined {
  const { host, path, tag, digest } = split(name);
  if (host !== undefined && !HOST.test(host)) return `${JSON.stringify(host)} is not a host, or HOST:PORT`;
  if (path === '') return 'it names no repository: write HOST/REPOSITORY[:TAG]';
  if (/[A-Z]/.test(path))
    return `the repository must be in lower case: ${JSON.stringify(path.toLowerCase())}`;
  if (path.length > MAX_PATH) return `the repository has more than ${MAX_PATH} characters`;
  const part = path.split('/').find((each) => !PATH_PART.test(each));
  if (part !== undefined) return `${JSON.stringify(part)} cannot be part of a repository's name`;
  if (tag !== undefined && !TAG.test(tag)) return `${JSON.stringify(tag)} is not a tag`;
  if (digest !== undefined && !DIGEST.test(digest)) return `${JSON.stringify(digest)} is not a digest`;
  return undefined;
}

/** The first part is a host if it cannot be part of a repository of Docker Hub. */
function split(name: string): Parts {
  const at = name.indexOf('@');
  const digest = at < 0 ? undefined : name.slice(at + 1);
  const whole = at < 0 ? name : name.slice(0, at);
  const slash = whole.indexOf('/');
  const first = whole.slice(0, Math.max(slash, 0));
  const hasHost = /[.:[A-Z]/.test(first) || first === 'localhost';
  const rest = hasHost ? whole.slice(slash + 1) : whole;
  const colon = rest.indexOf(':');
  return {
    host: hasHost ? first : undefined,
    path: colon < 0 ? rest : rest.slice(0, colon),
    tag: colon < 0 ? undefined : rest.slice(colon + 1),
    digest,
  };
}
