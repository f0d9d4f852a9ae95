/** Verifies content objects, on the calling thread. */
import type { Checksum } from '../ostree/checksum.ts';
import type { ContentReader } from '../ostree/object-source.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { verifyInPlace } from '../ostree/verify.ts';
import { type Fault, faultOf } from './fault.ts';

/**
 * Reads the objects of a repository for {@link faultOfContent}. Those of archives are not opened, because
 * then this thread would inflate them; libuv's pool does.
 */
export function readerOf({ mode, objects }: Pick<Repository, 'mode' | 'objects'>): ContentReader {
  return mode === 'archive' ? { content: (checksum) => objects.content(checksum) } : objects;
}

/** The fault of a content object; undefined if it is sound. */
export async function faultOfContent(source: ContentReader, checksum: Checksum): Promise<Fault | undefined> {
  try {
    await verifyInPlace(source, checksum);
    return undefined;
  } catch (error) {
    return faultOf({ type: 'file', checksum }, error);
  }
}
