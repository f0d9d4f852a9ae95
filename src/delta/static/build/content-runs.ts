/**
 * Runs of what is compressed already, by whether they shrink at all. liblzma codes 2 MB of it a second, and
 * most of it for nothing: of an initrd of 36 MB, two fifths have all that can be saved.
 */
import type { ContentRun } from '../../xz/liblzma-block.ts';
import { shrinks } from './content-class.ts';

const PIECE_BYTES = 16 * 1024;
/** Less than this is not worth compressing. */
const RATIO = 0.999;

/** `content` in runs, which alternate. */
export function runsOf(content: Buffer): readonly ContentRun[] {
  const runs: ContentRun[] = [];
  const run = { start: 0, isCompressed: false };
  for (let at = 0; at < content.length; at += PIECE_BYTES) {
    const isCompressed = shrinks(content.subarray(at, at + PIECE_BYTES), RATIO);
    if (isCompressed === run.isCompressed) continue;
    if (at > run.start) runs.push({ bytes: content.subarray(run.start, at), isCompressed: run.isCompressed });
    run.start = at;
    run.isCompressed = isCompressed;
  }
  if (content.length > run.start)
    runs.push({ bytes: content.subarray(run.start), isCompressed: run.isCompressed });
  return runs;
}
