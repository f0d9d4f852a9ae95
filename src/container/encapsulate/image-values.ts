/**
 * Checks the values that people give an image, because other programs refuse the whole image for one that
 * they cannot parse.
 */

import { TreeportError } from '../../base/errors.ts';
import { isoTimestamp, parseTimestamp } from '../../base/timestamp.ts';
import { goArchitecture } from '../../oci/model/platform.ts';
import type { Labels } from '../labels.ts';

/** RFC 3339 as Go reads it: T and Z in upper case, no space. */
const GO_TIME = /^[^Tt ]+T[^Zz]+(?:Z|[+-]\d{2}:\d{2})$/;

/**
 * A time of creation as images have it: RFC 3339 stays as it is, `@SECONDS` becomes that. ERR_USAGE; `what`
 * names the option.
 */
export function imageTime(text: string, what = '--created'): string {
  const seconds = /^@-?\d{1,15}$/.test(text) ? Number(text.slice(1)) : parseTimestamp(text);
  const iso = seconds === undefined ? undefined : isoTimestamp(seconds);
  if (iso !== undefined) return GO_TIME.test(text) ? text : iso;
  throw new TreeportError(
    'ERR_USAGE',
    `${what} ${JSON.stringify(text)} is not a time: give RFC 3339, as 2026-11-20T14:27:28Z, or seconds since 1970, as @1795184848`,
  );
}

export type ImageValues = {
  readonly labels?: Labels;
  readonly architecture?: string;
  readonly created?: string;
};

/** ERR_USAGE for a value that no image can have. */
export function checkImageValues({ labels = {}, architecture, created }: ImageValues): void {
  if (created !== undefined && imageTime(created) !== created)
    throw new TreeportError('ERR_USAGE', `${JSON.stringify(created)} is not RFC 3339 as images have it`);
  if (architecture !== undefined) goArchitecture(architecture);
  if (Object.hasOwn(labels, '')) throw new TreeportError('ERR_USAGE', 'a label has no name: give NAME=VALUE');
}
