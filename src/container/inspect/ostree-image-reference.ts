/**
 * References to images of ostree commits: a verification scheme, a colon and an image reference, in the
 * grammar of ostree-ext. The scheme says what an import must verify before it accepts the commit.
 */
import { TreeportError } from '../../base/errors.ts';
import { question, similarNames } from '../../base/similar.ts';
import {
  CONTROL,
  formatImageReference,
  type ImageReference,
  KNOWN_TRANSPORTS,
  meantReference,
  parseImageReference,
} from '../../oci/model/reference.ts';
import { isRemoteName } from '../../ostree/ref-name.ts';

export type Verification =
  /** The commit is signed by a key of this remote of the destination repository. */
  | { readonly kind: 'remote'; readonly remote: string }
  /** The image satisfies the containers policy (policy.json), which must demand something. */
  | { readonly kind: 'container-policy' }
  | { readonly kind: 'unverified' };

export type OstreeImageReference = {
  readonly verification: Verification;
  readonly image: ImageReference;
};

type Scheme = {
  /** The syntax after the scheme, for messages. */
  readonly form: string;
  readonly parse: (rest: string, text: string) => OstreeImageReference;
};

const UNVERIFIED: Verification = { kind: 'unverified' };

const SCHEMES: Readonly<Record<string, Scheme>> = {
  'ostree-remote-image': {
    form: 'REMOTE:IMAGE',
    parse: (rest, text) => verifiedByRemote(rest, text, parseImageReference),
  },
  'ostree-remote-registry': {
    form: 'REMOTE:NAME',
    parse: (rest, text) => verifiedByRemote(rest, text, parseRegistryName),
  },
  'ostree-image-signed': {
    form: 'IMAGE',
    parse: (rest) => ({ verification: { kind: 'container-policy' }, image: parseImageReference(rest) }),
  },
  'ostree-unverified-image': {
    form: 'IMAGE',
    parse: (rest) => unverifiedReference(parseImageReference(rest)),
  },
  'ostree-unverified-registry': {
    form: 'NAME',
    parse: (rest) => unverifiedReference(parseRegistryName(rest)),
  },
};

const KNOWN = Object.entries(SCHEMES).map(([scheme, { form }]) => `${scheme}:${form}`);

/** True if `text` begins with a verification scheme; a bare image reference does not. */
export function hasVerificationScheme(text: string): boolean {
  return schemeOf(text) !== undefined;
}

/** Parses a reference; ERR_IMAGE_REFERENCE lists the valid schemes or transports. */
export function parseOstreeImageReference(text: string): OstreeImageReference {
  const scheme = schemeOf(text);
  if (scheme === undefined) {
    const meant = meantReferences(text);
    const suggestion = meant.length === 0 ? '' : `${question(meant)} `;
    const transports = KNOWN_TRANSPORTS.join(' ');
    throw fault(
      text,
      `${suggestion}it must be one of ${KNOWN.join(' ')}, and an IMAGE starts with one of ${transports}`,
    );
  }
  return scheme.parse(text.slice(text.indexOf(':') + 1), text);
}

/** The references that someone who left out or misspelt the scheme may have meant. */
function meantReferences(text: string): readonly string[] {
  if (CONTROL.test(text)) return [];
  const colon = text.indexOf(':');
  const near = similarNames(text.slice(0, Math.max(0, colon)), Object.keys(SCHEMES));
  if (near.length > 0) return near.map((scheme) => scheme + text.slice(colon));
  const image = meantReference(text);
  return image === undefined
    ? []
    : [`ostree-remote-image:REMOTE:${image}`, `ostree-unverified-image:${image}`];
}

/** The remote whose keys must have signed the commit, if the scheme names one. */
export function remoteOf(verification: Verification): string | undefined {
  return verification.kind === 'remote' ? verification.remote : undefined;
}

/** True if a signature is required, of the commit or of the image. */
export function isVerified({ kind }: Verification): boolean {
  return kind !== 'unverified';
}

/** The reference of an image that need not be signed. */
export function unverifiedReference(image: ImageReference): OstreeImageReference {
  return { verification: UNVERIFIED, image };
}

/** The reference as ostree-ext displays it; parsing gives the same reference again. */
export function formatOstreeImageReference({ verification, image }: OstreeImageReference): string {
  switch (verification.kind) {
    case 'remote':
      return `ostree-remote-image:${verification.remote}:${formatImageReference(image)}`;
    case 'container-policy':
      return `ostree-image-signed:${formatImageReference(image)}`;
    case 'unverified':
      return image.transport === 'registry'
        ? `ostree-unverified-registry:${image.name}`
        : `ostree-unverified-image:${formatImageReference(image)}`;
  }
}

function schemeOf(text: string): Scheme | undefined {
  const colon = text.indexOf(':');
  const token = text.slice(0, Math.max(0, colon));
  return Object.hasOwn(SCHEMES, token) ? SCHEMES[token] : undefined;
}

function verifiedByRemote(
  rest: string,
  text: string,
  parseImage: (rest: string) => ImageReference,
): OstreeImageReference {
  const colon = rest.indexOf(':');
  if (colon < 0) throw fault(text, 'the name of the remote must be followed by a colon and the image');
  const remote = rest.slice(0, colon);
  if (!isRemoteName(remote)) throw fault(text, `${JSON.stringify(remote)} is not the name of a remote`);
  return { verification: { kind: 'remote', remote }, image: parseImage(rest.slice(colon + 1)) };
}

function parseRegistryName(name: string): ImageReference {
  return parseImageReference(`registry:${name}`);
}

function fault(text: string, reason: string): TreeportError {
  return new TreeportError(
    'ERR_IMAGE_REFERENCE',
    `not an ostree image reference: ${JSON.stringify(text)}: ${reason}`,
  );
}
