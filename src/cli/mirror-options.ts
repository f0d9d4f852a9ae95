/** The `--runtime` option of the verbs that make mirror images. */
import { Option } from 'commander';
import type { Runtime } from '../mirror/runtime/runtime.ts';
import type { RegistryAccess } from '../oci/skopeo/registry-access.ts';

/** `--runtime`: a runtime of another architecture, or an existing one. */
export function runtimeOption(): Option {
  return new Option(
    '--runtime <image or directory>',
    "take the runtime from this runtime image or directory (default: assemble it from this machine's files)",
  );
}

/** Opens the runtime that the option names; by default assembles this machine's. */
export async function runtimeFrom(
  runtime: string | undefined,
  architecture: string,
  access: RegistryAccess = {},
): Promise<Runtime> {
  const { installedRuntime, runtimeInDirectory } = await import('../mirror/runtime/runtime.ts');
  if (runtime === undefined) return installedRuntime(architecture);
  const { isImageReference, parseImageReference } = await import('../oci/model/reference.ts');
  if (!isImageReference(runtime)) return runtimeInDirectory(runtime);
  const { runtimeInImage } = await import('../mirror/runtime/runtime-in-image.ts');
  return runtimeInImage(parseImageReference(runtime), architecture, access);
}
