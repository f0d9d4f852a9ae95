/** The faults that fsck reports. */
import { isTreeportError, messageOf } from '../base/errors.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { ObjectName } from '../ostree/object-name.ts';

export type FaultKind = 'corrupt' | 'missing' | 'unreadable';

export type Fault = {
  readonly kind: FaultKind;
  readonly object: ObjectName;
  readonly message: string;
};

/** A fault with the first commit and path that refer to the object. */
export type LocatedFault = Fault & {
  readonly commit: Checksum | undefined;
  readonly path: string | undefined;
};

/** Converts an error about an object to a fault; throws any other error. */
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
