/**
 * Image references: `TRANSPORT:NAME`, split at the first colon, in the grammar of ostree-ext, which is that
 * of containers/image with `registry:` as another word for `docker://`.
 */
import { TreeportError } from '../../base/errors.ts';
import { question, similarNames } from '../../base/similar.ts';
import { registryNameFault } from './registry-name.ts';

export type Transport =
  | 'registry'
  | 'oci'
  | 'oci-archive'
  | 'docker-archive'
  | 'containers-storage'
  | 'dir'
  | 'docker-daemon';

export type ImageReference = {
  readonly transport: Transport;
  /** The part after the transport: `registry.example.com/os:latest`, `PATH[:TAG]`, … Never empty. */
  readonly name: string;
};

/** The location of an `oci:` or `oci-archive:` image. */
export type LayoutLocation = {
  readonly path: string;
  readonly tag: string | undefined;
};

/** The prefix of each transport in displayed references, which are also skopeo's. */
const PREFIXES: Readonly<Record<Transport, string>> = {
  registry: 'docker://',
  oci: 'oci:',
  'oci-archive': 'oci-archive:',
  'docker-archive': 'docker-archive:',
  'containers-storage': 'containers-storage:',
  dir: 'dir:',
  'docker-daemon': 'docker-daemon:',
};
/** Source: the annotation `org.opencontainers.image.ref.name`. */
const LAYOUT_TAG = /^[A-Za-z0-9]+(?:(?:[-._:@+/]|--)[A-Za-z0-9]+)*$/;

/** All prefixes of references. */
export const KNOWN_TRANSPORTS: readonly string[] = ['registry:', ...Object.values(PREFIXES)];

/** A host with a dot or a port, and a path. */
const REGISTRY_NAME =
  /^(?:[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?|[a-z0-9-]+:\d+|\[[0-9a-f:]+\](?::\d+)?)\/[\w./@:-]+$/;

/** What no reference has. */
export const CONTROL = /\p{Cc}/u;

/** Parses an image reference; throws ERR_IMAGE_REFERENCE. */
export function parseImageReference(text: string): ImageReference {
  const colon = text.indexOf(':');
  const token = colon < 0 ? '' : text.slice(0, colon);
  const rest = text.slice(colon + 1);
  if (token === 'docker') {
    if (!rest.startsWith('//')) throw fault(text, 'docker: must be followed by //');
    return named('registry', rest.slice(2), text);
  }
  if (!isTransport(token)) {
    const meant = meantReference(text);
    const suggestion = meant === undefined ? '' : `${question([meant])} `;
    throw fault(text, `${suggestion}it must start with one of ${KNOWN_TRANSPORTS.join(' ')}`);
  }
  return named(token, rest, text);
}

/** True if `text` starts with a transport; a path that looks like a reference must be given as `./…`. */
export function isImageReference(text: string): boolean {
  return KNOWN_TRANSPORTS.some((prefix) => text.startsWith(prefix)) || text.startsWith('docker:');
}

/**
 * The reference that someone who wrote this text may have meant: a transport is missing or misspelt. None for
 * a text with line breaks or other control characters, which would break the message.
 */
export function meantReference(text: string): string | undefined {
  if (CONTROL.test(text)) return undefined;
  const [, token = '', rest = ''] = /^([^:/]*):(.*)$/s.exec(text) ?? [];
  if (rest !== '' && /^https?$/.test(token)) return `docker:${rest}`;
  if (/^(?:\.{0,2}\/|~\/)/.test(text))
    return `${/\.(?:tar|oci|ociarchive)$/.test(text) ? 'oci-archive' : 'oci'}:${text}`;
  if (/^localhost\//.test(text)) return `containers-storage:${text}`;
  if (REGISTRY_NAME.test(text)) return `docker://${text}`;
  const [transport] = rest === '' ? [] : similarNames(token, Object.keys(PREFIXES));
  return transport === undefined ? undefined : `${transport}:${rest}`;
}

/** Formats the reference for display and for skopeo; a registry becomes `docker://NAME`. */
export function formatImageReference(reference: ImageReference): string {
  return PREFIXES[reference.transport] + reference.name;
}

/** Splits `PATH[:TAG]` at the first colon, as ostree-ext and containers/image do. */
export function layoutLocation(reference: ImageReference): LayoutLocation {
  const colon = reference.name.indexOf(':');
  const path = colon < 0 ? reference.name : reference.name.slice(0, colon);
  if (path === '') throw fault(formatImageReference(reference), 'the path is empty');
  const tag = colon < 0 ? undefined : reference.name.slice(colon + 1) || undefined;
  if (tag === undefined || LAYOUT_TAG.test(tag)) return { path, tag };
  throw fault(formatImageReference(reference), `${JSON.stringify(tag)} is not a tag of a layout`);
}

function isTransport(token: string): token is Transport {
  return Object.hasOwn(PREFIXES, token);
}

function named(transport: Transport, name: string, text: string): ImageReference {
  if (name === '') throw fault(text, 'the name is empty');
  const reason = transport === 'registry' ? registryNameFault(name) : undefined;
  if (reason !== undefined) throw fault(text, reason);
  return { transport, name };
}

function fault(text: string, reason: string): TreeportError {
  return new TreeportError(
    'ERR_IMAGE_REFERENCE',
    `not an image reference: ${JSON.stringify(text)}: ${reason}`,
  );
}
