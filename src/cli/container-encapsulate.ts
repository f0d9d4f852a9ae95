import type { Command } from 'commander';
import type { ImageReference } from '../oci/model/reference.ts';
import { loadCommit, resolveRevision } from '../ostree/revision.ts';
import {
  addEncapsulateOptions,
  type EncapsulateCliOptions,
  encapsulateOptions,
} from './encapsulate-options.ts';
import { addImageSigningOptions } from './image-signing-options.ts';
import { addLayerOptions, type LayerCliOptions, planFor, withPlan } from './layer-options.ts';
import { openRepo } from './open-repo.ts';
import { authfileOption, quietOption, repoOption } from './options.ts';
import { type PublishOptions, publishAndPrint, skopeoOptions } from './run-publish.ts';
import { withUsedImages } from './used-images.ts';

type Options = EncapsulateCliOptions & LayerCliOptions & PublishOptions & { readonly repo: string };

export function addContainerEncapsulate(group: Command): void {
  const command = group
    .command('encapsulate')
    .alias('export')
    .description('make an OCI image of a commit, as ostree-ext does, and print its manifest digest')
    .argument('<revision>', 'a ref, commit or REF^')
    .argument(
      '<image>',
      'destination: oci:DIR[:TAG], oci-archive:FILE[:TAG], docker://NAME, or any other transport of skopeo',
    );
  addOptions(command).action(async (revision: string, image: string, options: Options) => {
    const { parseImageReference } = await import('../oci/model/reference.ts');
    await encapsulateCommit(revision, parseImageReference(image), options);
  });
}

/** ostree-ext's older verb, for OCI layout directories only. */
export function addContainerExportOci(group: Command): void {
  const command = group
    .command('export-oci')
    .description('the same as encapsulate to oci:DIR')
    .argument('<revision>', 'a ref, commit or REF^')
    .argument('<dir>', 'the layout directory, optionally followed by :TAG');
  addOptions(command).action((revision: string, directory: string, options: Options) =>
    encapsulateCommit(revision, { transport: 'oci', name: directory }, options),
  );
}

function addOptions(command: Command): Command {
  addLayerOptions(addEncapsulateOptions(command.addOption(repoOption())))
    .addOption(authfileOption())
    .addOption(quietOption());
  return addImageSigningOptions(command);
}

async function encapsulateCommit(revision: string, image: ImageReference, options: Options): Promise<void> {
  const { encapsulate } = await import('../container/encapsulate/encapsulate.ts');
  const { finishImage } = await import('../container/encapsulate/image-draft.ts');
  const imageOptions = await encapsulateOptions(options);
  const repo = await openRepo(options.repo);
  const commit = await resolveRevision(repo, revision);
  await loadCommit(repo, commit);
  await withUsedImages(skopeoOptions(options), async (images) => {
    const plan = await planFor(repo.objects, commit, options, images);
    const formerLayers = await images.layers(image);
    await publishAndPrint(image, 'encapsulate', options, async (sink, onProgress) => {
      const all = { ...withPlan(imageOptions, plan), formerLayers, onProgress };
      return finishImage(sink, await encapsulate(repo.objects, commit, sink, all));
    });
  });
}
