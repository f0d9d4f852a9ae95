/** What fsck can find wrong with an object. */
import { isTreeportError, messageOf } from '../base/errors.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { ObjectName } from '../ostree/object-name.ts';

export type FaultKind = 'corrupt' | 'missing' | 'unreadable';

export type Fault = {
  readonly kind: FaultKind;
  readonly object: ObjectName;
  readonly message: string;
};

/** A fault with the first path in a commit's tree at which the object stands. */
export type LocatedFault = Fault & {
  readonly commit: Checksum | undefined;
  readonly path: string | undefined;
};

/** The fault an error stands for; errors that are not about objects are thrown on. */
export function faultOf(object: ObjectName, error: unknown): Fault {
  return { kind: faultKind(error), object, message: messageOf(error) };
}

function faultKind(error: unknown): FaultKind {
  if (isTreeportError(error, 'ERR_OBJECT_MISSING')) return 'missing';
  if (isTreeportError(error, 'ERR_OBJECT_UNREADABLE') || isTreeportError(error, 'ERR_IO'))
    return 'unreadable';
  if (isTreeportError(error, 'ERR_OBJECT_CORRUPT') || isTreeportError(error, 'ERR_VARIANT')) return 'corrupt';
  throw error;
}
