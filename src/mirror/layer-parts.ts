/**
 * Divides the files of the published repo among layers. Importers of the image as an OS hold every file of ours in a layer
 * open until the layer ends (see layout.ts), often with a limit of 1024 open files. Engines have a limit of layers.
 */
import type { Warn } from './warn.ts';

const FILES_PER_LAYER = 500;
/** The overlay driver of Docker stops at 127. */
const MAX_LAYERS = 120;

/**
 * At least one part, in the order of the files. `below` is the number of layers that the image has under them. Where they do
 * not suffice, the parts are larger, with a warning.
 */
export function layerParts<File>(
  files: readonly File[],
  below: number,
  warn: Warn,
): readonly (readonly File[])[] {
  const layers = Math.max(1, Math.min(Math.ceil(files.length / FILES_PER_LAYER), MAX_LAYERS - below));
  const size = Math.max(FILES_PER_LAYER, Math.ceil(files.length / layers));
  if (size > FILES_PER_LAYER) {
    warn(
      `the published repo has ${files.length} files, ${size} in a layer; ` +
        'an ostree client that imports the image as an OS opens as many at once (raise its `ulimit -n`)',
    );
  }
  return Array.from({ length: layers }, (_, part) => files.slice(part * size, (part + 1) * size));
}
