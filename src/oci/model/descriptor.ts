/** Content descriptors: media type, digest and size of a blob (OCI image specification, descriptor.md). */
import { createHash } from 'node:crypto';
import { TreeportError } from '../../base/errors.ts';
import { type Json, jsonObject, jsonSize, jsonString, jsonStringMap } from './json.ts';

/** `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = `sha256:${string}`;

export type Annotations = Readonly<Record<string, string>>;

export type Platform = {
  /** As Go names it: amd64, arm64, … */
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
};

export type Descriptor = {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly annotations?: Annotations;
  readonly platform?: Platform;
};

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}

/** Checks the syntax; `where` names the place in ERR_DIGEST_SYNTAX. Only sha256 is supported. */
export function parseDigest(text: string, where: string): Digest {
  if (!isDigest(text)) {
    throw new TreeportError(
      'ERR_DIGEST_SYNTAX',
      `${where} is not sha256: and 64 hexadecimal digits: ${JSON.stringify(text)}`,
    );
  }
  return text;
}

/** The 64 hexadecimal digits: the blob's file name in a layout. */
export function digestHex(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

/** The digest of bytes in memory. */
export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Checks a descriptor from JSON and keeps unknown members; ERR_JSON, ERR_DIGEST_SYNTAX. */
export function checkDescriptor(value: Json | undefined, where: string): Descriptor {
  const object = jsonObject(value, where);
  jsonString(object.mediaType, `${where}.mediaType`);
  parseDigest(jsonString(object.digest, `${where}.digest`), `${where}.digest`);
  jsonSize(object.size, `${where}.size`);
  jsonStringMap(object.annotations, `${where}.annotations`);
  return object as Descriptor;
}
