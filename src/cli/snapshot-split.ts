/** `snapshot create --split`: an archive in pieces, for media that are smaller than it. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { parseByteSize } from '../base/byte-size.ts';
import { TreeportError } from '../base/errors.ts';
import { formatImageReference, type ImageReference } from '../oci/model/reference.ts';
import { printJson, printLine } from './output.ts';
import { startProgress } from './progress.ts';
import type { PublishOptions } from './publish-options.ts';
import { printMessage } from './report.ts';
import type { BuildWithProgress, Target } from './run-publish.ts';

export type SplitCliOptions = PublishOptions & {
  /** Bytes of a piece. */
  readonly split?: number;
  readonly medium?: readonly string[];
  readonly compareWithBuild?: string;
};

export function parseSplit(text: string): number {
  return parseByteSize(text, '--split');
}

/** Builds the archive in a temporary directory, and splits it. */
export async function publishSplit(
  { image: target, publish }: Target,
  options: SplitCliOptions & { readonly split: number },
  build: BuildWithProgress,
): Promise<void> {
  const { layoutLocation } = await import('../oci/model/reference.ts');
  const { publishImage } = await import('../oci/write/publish.ts');
  const { checkMedia, SMALLEST_PIECE, splitArchive } = await import('../snapshot/pieces/split.ts');
  const { withTemporaryDirectory } = await import('../base/temporary-directory.ts');
  if (target.transport !== 'oci-archive')
    throw new TreeportError('ERR_USAGE', '--split is for archives: give oci-archive:FILE as the destination');
  if (options.compareWithBuild !== undefined)
    throw new TreeportError(
      'ERR_USAGE',
      '--compare-with-build reads the whole image, which --split does not leave',
    );
  if (options.split < SMALLEST_PIECE)
    throw new TreeportError('ERR_USAGE', `--split ${options.split} is too small: a piece has at least 1 MiB`);
  await checkMedia(options.medium ?? []);
  const { path, tag } = layoutLocation(target);
  const progress = startProgress({ label: 'snapshot create', unit: 'bytes', quiet: options.quiet });
  const written = { bytes: 0 };
  try {
    const digest = await withTemporaryDirectory(async (directory) => {
      const archive = join(directory, 'archive');
      const whole: ImageReference = {
        transport: 'oci-archive',
        name: tag === undefined ? archive : `${archive}:${tag}`,
      };
      const onProgress = (bytes: number) => progress.add(bytes);
      const manifest = await publishImage(
        whole,
        (sink) => build(sink, onProgress, (part) => progress.reach(part)),
        publish,
      );
      written.bytes = statSync(archive).size;
      progress.stop();
      await splitArchive(archive, {
        target: path,
        size: options.split,
        media: options.medium ?? [],
        manifest,
        onPiece: (piece, isKept) => {
          if (!options.quiet) printMessage(`${isKept ? 'kept' : 'wrote'} ${piece}`);
        },
      });
      return manifest;
    });
    if (options.digestfile !== undefined) await writeFileAtomic(options.digestfile, Buffer.from(digest));
    progress.finish({ where: formatImageReference(target), digest, amount: written.bytes });
    if (options.json) await printJson({ image: formatImageReference(target), digest }, 2);
    else await printLine(digest);
  } finally {
    progress.stop();
  }
}
