/**
 * Mounts an image of the local container storage, so that it can be read without packing its layers again: by
 * `podman image mount`, else by a working container of buildah's. Only root can see such a mount; others see it inside
 * `podman unshare` alone, where they are root too.
 *
 * The tools are run synchronously: a signal is then dealt with after them, when it is known what to undo.
 */
import { spawnSync } from 'node:child_process';
import { onEarlyExit } from '../../base/cleanup.ts';
import { errnoOf, messageOf, TreeportError } from '../../base/errors.ts';

export type MountedImage = {
  /** Where the image's root directory lies. */
  readonly path: string;
  /** Unmounts it. Never fails: what cannot be undone is left to the storage. */
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
 * Mounts the image that has this name, or begins with this id, in the storage. ERR_IMAGE_MISSING; ERR_STORAGE_MOUNT if it
 * cannot be mounted here, which says nothing of reading it by other means.
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

/** By the first tool that is installed. */
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

/** By its id, which stays the image's own when the name goes to another. */
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

/** The last line that the tool prints. ENOENT if it is not installed, else the errors of mountStorageImage. */
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
