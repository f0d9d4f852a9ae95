/**
 * Components: the content objects of a commit by who owns them, the units that plans of layers are made of.
 * Every path of the commit is in one component. An object is in one component with all its paths, except
 * that paths of user components are carved out of it, so that it can be in several.
 */
import type { ChunkObjects } from '../../tar/chunk.ts';
import type { SizedComponent } from './compatible.ts';

/**
 * What owns the objects. `user`: the extended attribute `user.component`; such components have layers of
 * their own. `database`: the package database. `configuration`: files of `/usr/etc` without a package.
 */
export const COMPONENT_KINDS = [
  'package',
  'user',
  'initramfs',
  'kernel',
  'database',
  'configuration',
  'unpackaged',
] as const;
export type ComponentKind = (typeof COMPONENT_KINDS)[number];

/** What is known of a component before it has objects. */
export type ComponentFacts = Omit<SizedComponent, 'size'> & {
  readonly kind: ComponentKind;
  /**
   * The same in all versions of the system. Unique among those of a kind, except for packages of which two
   * versions are installed.
   */
  readonly key: string;
  /** The source package: members change together. The key of what is no package. */
  readonly group: string;
  /** Changes to expect in a year. */
  readonly changeRate: number;
  /** The `srcid` of rpm-ostree's contentmeta. */
  readonly sourceId: string;
  /** Whole hours since the oldest build of the commit; {@link EVERY_BUILD} for what is no package. */
  readonly changeTimeOffset: number;
};

export type Component = ComponentFacts &
  SizedComponent & {
    /** Content objects to the paths that the component has of them, in the order of the walk. */
    readonly objects: ChunkObjects;
  };
