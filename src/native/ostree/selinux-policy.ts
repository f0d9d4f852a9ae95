/**
 * SELinux labels of the files of a system, from its own policy: libostree's OstreeSePolicy, which has
 * libselinux read the `file_contexts` of the policy in `etc/selinux` or `usr/etc/selinux`.
 */
import { closeSync, constants, openSync } from 'node:fs';
import koffi from 'koffi';
import { TreeportError } from '../../base/errors.ts';
import { checked, type ErrorPlace } from '../glib/gerror.ts';
import { type Handle, ownObject } from '../glib/glib.ts';
import { lazily, type Pointer } from '../library.ts';

/** `char **` of a foreign call; the caller frees what is there. */
type TextPlace = [Pointer | null];

const libostree = lazily(({ ostree, glib }) => ({
  newAt: ostree.func('void *ostree_sepolicy_new_at(int rootfs, void *cancellable, _Inout_ void **error)') as (
    rootfs: number,
    cancellable: null,
    error: ErrorPlace,
  ) => Pointer | null,
  name: ostree.func('const char *ostree_sepolicy_get_name(void *policy)') as (
    policy: Pointer,
  ) => string | null,
  label: ostree.func(
    'int ostree_sepolicy_get_label(void *policy, const char *path, uint32_t mode, _Inout_ void **label, void *cancellable, _Inout_ void **error)',
  ) as (
    policy: Pointer,
    path: string,
    mode: number,
    label: TextPlace,
    cancellable: null,
    error: ErrorPlace,
  ) => number,
  free: glib.func('void g_free(void *memory)') as (memory: Pointer) => void,
}));

export class SelinuxPolicy implements Disposable {
  readonly #policy: Handle;
  readonly #root: number;

  private constructor(policy: Handle, root: number) {
    this.#policy = policy;
    this.#root = root;
  }

  /**
   * Loads the policy of the system at `root`. ERR_SELINUX if there is none, it cannot be loaded, or libostree
   * was built without SELinux. `where` names the system.
   */
  static load(root: string, where: string): SelinuxPolicy {
    const descriptor = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      const what = `the SELinux policy of ${where} cannot be loaded`;
      const pointer = checked(
        what,
        (error) => libostree().newAt(descriptor, null, error),
        () => 'ERR_SELINUX',
      );
      const policy = ownObject(pointer as Pointer);
      if (libostree().name(policy.pointer)) return new SelinuxPolicy(policy, descriptor);
      policy[Symbol.dispose]();
      throw new TreeportError(
        'ERR_SELINUX',
        `${what}: libostree finds none, or was built without SELinux (\`ostree --version\` lists it); keep the labels as they are with --selinux keep`,
      );
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  /** The label of a file of this mode at the absolute `path`; undefined if the policy has none for it. */
  labelOf(path: string, mode: number): string | undefined {
    const place: TextPlace = [null];
    const { label, free } = libostree();
    checked(
      `the SELinux policy has no label for ${path}`,
      (error) => label(this.#policy.pointer, path, mode, place, null, error),
      () => 'ERR_SELINUX',
    );
    const [pointer] = place;
    if (pointer === null) return undefined;
    try {
      return koffi.decode(pointer, 'char', -1) as string;
    } finally {
      free(pointer);
    }
  }

  [Symbol.dispose](): void {
    this.#policy[Symbol.dispose]();
    closeSync(this.#root);
  }
}
