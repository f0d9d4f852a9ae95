/** `--arch`: which image of an index a verb reads. */
import { Option } from 'commander';
import type { Platform } from '../oci/model/descriptor.ts';

export function archOption(): Option {
  return new Option('--arch <name>', "architecture to choose from an image index (default: this machine's)");
}

/** The option of `openImage`. ERR_USAGE. */
export async function archPlatform(arch: string | undefined): Promise<{ readonly platform?: Platform }> {
  if (arch === undefined) return {};
  const { goArchitecture } = await import('../oci/model/platform.ts');
  return { platform: { os: 'linux', architecture: goArchitecture(arch) } };
}
