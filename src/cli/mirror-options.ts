/** What the verbs that make mirror images share. */
import { Option } from 'commander';
import type { RuntimeSource } from '../mirror/runtime/runtime-source.ts';
import type { RegistryAccess } from '../oci/skopeo/registry-access.ts';

/** `--runtime`: the runtime of another architecture, or one that was made before. */
export function runtimeOption(): Option {
  return new Option(
    '--runtime <image or directory>',
    'take the runtime from this runtime image or directory (default: put it together from this machine)',
  );
}

/** Gives the runtime that the option names, or the one of this machine. */
export async function runtimeFrom(
  word: string | undefined,
  architecture: string,
  access: RegistryAccess = {},
): Promise<RuntimeSource> {
  const { installedRuntime, runtimeInDirectory } = await import('../mirror/runtime/runtime-source.ts');
  if (word === undefined) return installedRuntime(architecture);
  const { isImageReference, parseImageReference } = await import('../oci/model/reference.ts');
  if (!isImageReference(word)) return runtimeInDirectory(word);
  const { runtimeInImage } = await import('../mirror/runtime/runtime-in-image.ts');
  return runtimeInImage(parseImageReference(word), architecture, access);
}
