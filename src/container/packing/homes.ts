/** What packings decide about the paths and objects of a commit: which component has them. */
import type { Checksum } from '../../ostree/checksum.ts';
import type { ComponentFacts } from './component.ts';

/** A path of an object, and the component that has it. */
export type Placed = { readonly path: string; readonly home: ComponentFacts };

export type Homes = {
  /** The component of a path that takes precedence even over a user component. */
  fixed(path: string, siblings: ReadonlyMap<string, unknown>): ComponentFacts | undefined;
  of(path: string): ComponentFacts;
  /** The component of an object with these paths, which are at least one. */
  choose(placed: readonly Placed[], checksum: Checksum): ComponentFacts;
};
