/**
 * Mounts an image of local container storage, so that it can be read without packing its layers again: with
 * `podman image mount`, else through a buildah working container. Only root can see such a mount; other users
 * see it only inside `podman unshare`, where they are root.
 *
 * The tools run synchronously, so that signals are handled after them, when it is known what to undo.
 */
import { spawnSync } from 'node:child_process';
import { onEarlyExit } from '../../base/cleanup.ts';
import { errnoOf, isTreeportError, messageOf, TreeportError, type Warn } from '../../base/errors.ts';

export type MountedImage = {
  /** The image's root directory. */
  readonly path: string;
  /** Unmounts the image. Best effort; never fails. */
  close(): void;
};

/** A mount, and the command lines that undo it, in order. */
type Mount = {
  readonly path: string;
  readonly undo: readonly (readonly string[])[];
};

type Backend = (name: string) => Mount;

const BACKENDS: readonly Backend[] = [mountWithPodman, mountWithBuildah];

/**
 * Mounts the image with this name or id prefix. ERR_IMAGE_MISSING; ERR_STORAGE_MOUNT if it cannot be mounted,
 * in which case it may still be readable by other means.
 */
export function mountStorageImage(name: string): MountedImage {
  if (process.getuid?.() !== 0) throw cannot(name, 'only root can, or anybody inside `podman unshare`');
  if (name.startsWith('[')) throw cannot(name, 'it names a storage of its own');
  const state: { undo: Mount['undo'] } = { undo: [] };
  const undo = () => {
    for (const words of state.undo) spawnSync(words[0] as string, words.slice(1), { stdio: 'ignore' });
    state.undo = [];
  };
  const unregister = onEarlyExit(undo);
  try {
    const mount = mountWithFirst(name);
    state.undo = mount.undo;
    return {
      path: mount.path,
      close: () => {
        undo();
        unregister();
      },
    };
  } catch (error) {
    unregister();
    throw error;
  }
}

/** Like {@link mountStorageImage}; an image that cannot be mounted is undefined, and warned of. */
export function tryMountStorageImage(name: string, warn: Warn): MountedImage | undefined {
  try {
    return mountStorageImage(name);
  } catch (error) {
    if (!isTreeportError(error, 'ERR_STORAGE_MOUNT')) throw error;
    warn(`${error.message}; its layers are read through skopeo`);
    return undefined;
  }
}

/** Mounts with the first tool that is installed. */
function mountWithFirst(name: string): Mount {
  for (const mount of BACKENDS) {
    try {
      return mount(name);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }
  throw cannot(name, 'neither podman nor buildah is installed');
}

/** Mounts by id, because the name may move to another image in the meantime. */
function mountWithPodman(name: string): Mount {
  const id = output(name, ['podman', 'image', 'inspect', '--format={{.Id}}', '--', name]);
  const path = output(name, ['podman', 'image', 'mount', '--', id]);
  return { path, undo: [['podman', 'image', 'unmount', '--', id]] };
}

function mountWithBuildah(name: string): Mount {
  const container = output(name, ['buildah', 'from', '--pull-never', '--quiet', '--', name]);
  const remove = ['buildah', 'rm', '--', container];
  try {
    const path = output(name, ['buildah', 'mount', '--', container]);
    return { path, undo: [['buildah', 'umount', '--', container], remove] };
  } catch (error) {
    spawnSync(remove[0] as string, remove.slice(1), { stdio: 'ignore' });
    throw error;
  }
}

/**
 * The last line of the tool's output. ENOENT if it is not installed, else the errors of mountStorageImage.
 */
function output(name: string, words: readonly string[]): string {
  const { error, status, signal, stdout, stderr } = spawnSync(words[0] as string, words.slice(1), {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (error !== undefined) throw error;
  const text = messageOf(stderr);
  if (status === 0) return stdout.trim().split('\n').at(-1) ?? '';
  if (/image not known|no such image|not found/i.test(text)) {
    throw new TreeportError(
      'ERR_IMAGE_MISSING',
      `containers-storage:${name}: there is no such image in the storage; look at \`podman images\` (${text})`,
    );
  }
  throw cannot(name, `${words[0]} failed: ${text || `it ended with ${signal ?? status}`}`);
}

function cannot(name: string, reason: string): TreeportError {
  return new TreeportError('ERR_STORAGE_MOUNT', `containers-storage:${name} cannot be mounted: ${reason}`);
}
