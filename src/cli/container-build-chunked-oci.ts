/**
 * `container build-chunked-oci`: an encapsulated image of a root filesystem, as rpm-ostree makes one; and
 * `compose build-chunked-oci`, the same with rpm-ostree's further options.
 */
import type { Command } from 'commander';
import type { BuildRootOptions } from './build-root-image.ts';
import { addRootOptions } from './build-root-options.ts';
import { addEncapsulateOptions, collectText } from './encapsulate-options.ts';
import { addLayerOptions } from './layer-options.ts';
import { addPublishOptions } from './publish-options.ts';

export function addContainerBuildChunkedOci(group: Command): void {
  addVerb(group);
}

export function addComposeBuildChunkedOci(group: Command): void {
  addVerb(group)
    .option('--bootc', 'label the image as one that bootc boots')
    .option('--reference <tag>', 'accepted for build scripts of rpm-ostree, where it has no effect, either')
    .option(
      '--sign-commit <type=path>',
      'sign the commit: ed25519=PATH or spki=PATH, with the keys in a file; may be repeated',
      collectText,
    );
}

function addVerb(group: Command): Command {
  const command = group
    .command('build-chunked-oci')
    .description(
      'make an OCI image of a root filesystem that is no commit yet, and print its manifest digest',
    );
  addPublishOptions(addLayerOptions(addEncapsulateOptions(addRootOptions(command))));
  for (const option of command.options)
    if (['config', 'imageConfig'].includes(option.attributeName())) option.conflicts('from');
  return command.action(async (options: BuildRootOptions) => {
    const { buildRootImage } = await import('./build-root-image.ts');
    await buildRootImage(options);
  });
}
