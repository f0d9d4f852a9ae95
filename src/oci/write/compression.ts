/** Layer compression: `gzip[:LEVEL]` or `zstd[:LEVEL]` on the command line. */
import { TreeportError } from '../../base/errors.ts';
import { MEDIA_TYPE_LAYER_GZIP, MEDIA_TYPE_LAYER_ZSTD } from '../model/media-types.ts';

export type Compression = {
  readonly algorithm: 'gzip' | 'zstd';
  /** 1 to 9 for gzip, 1 to 19 for zstd. */
  readonly level: number;
};

export const DEFAULT_COMPRESSION: Compression = { algorithm: 'gzip', level: 6 };
export const FAST_COMPRESSION: Compression = { algorithm: 'gzip', level: 1 };

const LEVELS = { gzip: { default: 6, max: 9 }, zstd: { default: 3, max: 19 } } as const;
const FORM = /^(gzip|zstd)(?::([1-9][0-9]?))?$/;

/** Parses `gzip|zstd[:LEVEL]`; throws ERR_COMPRESSION. */
export function parseCompression(text: string): Compression {
  const match = FORM.exec(text);
  const algorithm = match?.[1] as Compression['algorithm'] | undefined;
  if (algorithm === undefined) throw fault(text);
  const level = match?.[2] === undefined ? LEVELS[algorithm].default : Number(match[2]);
  if (level > LEVELS[algorithm].max) throw fault(text);
  return { algorithm, level };
}

/** The media type of a layer with this compression. */
export function layerMediaType(compression: Compression): string {
  return compression.algorithm === 'gzip' ? MEDIA_TYPE_LAYER_GZIP : MEDIA_TYPE_LAYER_ZSTD;
}

function fault(text: string): TreeportError {
  return new TreeportError(
    'ERR_COMPRESSION',
    `unsupported layer compression ${JSON.stringify(text)}: use gzip[:1-9] or zstd[:1-19]`,
  );
}
