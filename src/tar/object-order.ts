/**
 * Checks the order of objects in the streams of an image. Each function passes the objects on and throws
 * ERR_TAR_OBJECT at the first misplaced one.
 */
import { TreeportError } from '../base/errors.ts';
import { formatObjectName } from '../ostree/object-name.ts';
import { placedFault } from './placed-fault.ts';
import type { TarContent, TarObject } from './read-objects.ts';

/**
 * A whole commit or an ostree layer: the commit, its detached metadata if it has any, then everything else.
 * Never a second commit.
 */
export async function* inCommitOrder(objects: AsyncIterable<TarObject>): AsyncGenerator<TarObject> {
  let commit: string | undefined;
  let count = 0;
  for await (const object of objects) {
    count += 1;
    const type = object.kind === 'metadata' ? object.type : 'file';
    if (commit === undefined) {
      if (type !== 'commit') throw misplaced(object, 'stands where the commit is expected');
      commit = object.checksum;
    } else if (type === 'commit') {
      throw misplaced(object, 'is a second commit');
    } else if (type === 'commitmeta' && (count !== 2 || object.checksum !== commit)) {
      throw misplaced(object, 'does not follow its commit');
    }
    yield object;
  }
  if (commit === undefined) throw new TreeportError('ERR_TAR_OBJECT', 'the tar stream holds no commit');
  if (count === 1)
    throw new TreeportError('ERR_TAR_OBJECT', `the tar stream ends after the commit ${commit}`);
}

/** A component layer: content objects, each once. */
export async function* inChunkOrder(objects: AsyncIterable<TarObject>): AsyncGenerator<TarContent> {
  const seen = new Set<string>();
  for await (const object of objects) {
    if (object.kind === 'metadata')
      throw misplaced(object, 'is metadata, which is not expected in a component layer');
    if (seen.has(object.checksum)) throw misplaced(object, 'comes twice in a component layer');
    seen.add(object.checksum);
    yield object;
  }
}

function misplaced(object: TarObject, what: string): TreeportError {
  const type = object.kind === 'metadata' ? object.type : 'file';
  const name = formatObjectName({ type, checksum: object.checksum });
  const fault = new TreeportError('ERR_TAR_OBJECT', `object ${name} in the tar stream ${what}`);
  return placedFault(fault, object.header);
}
