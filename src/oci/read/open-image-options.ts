/** How an image is opened: which one, from where, under which policy. */
import type { Platform } from '../model/descriptor.ts';
import type { RegistryAccess } from '../skopeo/registry-access.ts';

export type OpenImageOptions = RegistryAccess & {
  /** Which image of a multi-platform one. Default: this machine's platform if there is a choice. */
  readonly platform?: Platform;
  /** Also apply the containers policy to `oci:` and `oci-archive:` images, which bypass it by default. */
  readonly enforcePolicy?: boolean;
  /**
   * Blobs will be read more than once: a remote image is copied to this machine first instead of being
   * streamed.
   */
  readonly reread?: boolean;
};
