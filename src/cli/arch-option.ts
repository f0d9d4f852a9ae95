/** `--arch` and `--all`: which images of an index a verb reads. */
import { Option } from 'commander';
import type { Platform } from '../oci/model/descriptor.ts';
import type { ImageReference } from '../oci/model/reference.ts';
import type { RegistryAccess } from '../oci/skopeo/registry-access.ts';
import { printJson, printLine } from './output.ts';
import { type RegistryOptions, registryAccess } from './registry-options.ts';

export function archOption(): Option {
  return new Option('--arch <name>', "architecture to choose from an image index (default: this machine's)");
}

export function allOption(): Option {
  return new Option('--all', 'the images of an index for all platforms').conflicts('arch');
}

/** What the options leave to commander. */
export type PlatformOptions = { readonly arch?: string; readonly all?: boolean };

/** The option of `openImage`; without a platform the only image, or this machine's. */
export type ChosenPlatform = { readonly platform?: Platform };

/** For `--arch` alone. ERR_USAGE. */
export async function archPlatform(arch: string | undefined): Promise<ChosenPlatform> {
  if (arch === undefined) return {};
  const { goArchitecture } = await import('../oci/model/platform.ts');
  return { platform: { os: 'linux', architecture: goArchitecture(arch) } };
}

/** One; with `--all` as many as the index has images. ERR_USAGE, and the errors of reading the index. */
export async function chosenPlatforms(
  image: ImageReference,
  { arch, all }: PlatformOptions,
  access: RegistryAccess,
): Promise<readonly ChosenPlatform[]> {
  if (all !== true) return [await archPlatform(arch)];
  const { imagePlatforms } = await import('../oci/read/index-platforms.ts');
  const platforms = await imagePlatforms(image, access);
  return platforms?.map((platform) => ({ platform })) ?? [{}];
}

/** The same for verbs that read images with the credentials of ostree. */
export async function platformsForOstree(
  image: ImageReference,
  options: PlatformOptions & RegistryOptions,
): Promise<readonly ChosenPlatform[]> {
  const { withOstreeCredentials } = await import('../container/inspect/open-ostree-image.ts');
  return chosenPlatforms(image, options, await withOstreeCredentials(await registryAccess(options)));
}

/** What a verb says of an image. */
export type PlatformResult<T> = {
  /** `linux/arm64`. */
  readonly platform: string;
  readonly result: T;
};

/** Prints the results; with `--all` each below its platform, and as JSON a list. */
export async function printResults<T>(
  results: readonly PlatformResult<T>[],
  { all = false, json = false }: { readonly all?: boolean | undefined; readonly json?: boolean },
  lines: (result: T) => Iterable<string>,
  print: (line: string) => Promise<void> = printLine,
): Promise<void> {
  if (json) return printJson(all ? results : results[0]?.result, 2);
  for (const { platform, result } of results) {
    if (all) await printLine(`${platform}:`);
    for (const line of lines(result)) await print(line);
  }
}
