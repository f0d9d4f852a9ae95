/** OstreeObjectType: the numbers of object types. */
import type { ObjectType } from '../../ostree/object-name.ts';

export const OBJECT_TYPE: Readonly<Record<ObjectType, number>> = {
  file: 1,
  dirtree: 2,
  dirmeta: 3,
  commit: 4,
  'tombstone-commit': 5,
  commitmeta: 6,
};
