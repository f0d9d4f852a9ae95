import type { Command } from 'commander';
import type { ImageReference } from '../oci/model/reference.ts';
import type { ImageSink } from '../oci/write/image-sink.ts';
import { loadCommit, resolveRevision } from '../ostree/revision.ts';
import {
  addEncapsulateOptions,
  type EncapsulateCliOptions,
  encapsulateOptions,
} from './encapsulate-options.ts';
import { addLayerOptions, type LayerCliOptions } from './layer-options.ts';
import { openRepo } from './open-repo.ts';
import { repoOption } from './options.ts';
import { withPlacedErrors } from './placed-errors.ts';
import { addPublishOptions, type PublishOptions } from './publish-options.ts';
import type { ImagePlanning } from './publish-planned.ts';
import { openTarget } from './run-publish.ts';

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
  return addPublishOptions(addLayerOptions(addEncapsulateOptions(command.addOption(repoOption()))));
}

/** As rpm-ostree's command of this name: its options, and its last line. */
export function addComposeContainerEncapsulate(group: Command): void {
  const command = group
    .command('container-encapsulate')
    .description('make an OCI image of a commit, with the options and the result line of rpm-ostree')
    .argument('<revision>', 'a ref, commit or REF^')
    .argument('<image>', 'destination, as for `container encapsulate`');
  addOptions(command).action(async (revision: string, image: string, options: Options) => {
    const { parseImageReference } = await import('../oci/model/reference.ts');
    const copymetaOpt = [...(options.copymetaOpt ?? []), 'rpmostree.inputhash'];
    const result = (digest: string) => `Pushed digest: ${digest}`;
    await encapsulateCommit(revision, parseImageReference(image), { ...options, copymetaOpt }, result);
  });
}

async function encapsulateCommit(
  revision: string,
  destination: ImageReference,
  options: Options,
  result?: (digest: string) => string,
): Promise<void> {
  const { encapsulate } = await import('../container/encapsulate/encapsulate.ts');
  const { finishImage } = await import('../container/encapsulate/image-draft.ts');
  const { publishPlanned } = await import('./publish-planned.ts');
  const imageOptions = await encapsulateOptions(options);
  const repo = await openRepo(options.repo);
  const source = repo.objects;
  const commit = await resolveRevision(repo, revision);
  await loadCommit(repo, commit);
  const target = await openTarget(destination, options);
  const access = target.publish;
  const image = { target, label: 'encapsulate', source, commit, imageOptions, access };
  const build = async (sink: ImageSink, { plan, onProgress }: ImagePlanning) =>
    finishImage(sink, await encapsulate(source, commit, sink, { ...(await plan()), onProgress }));
  const planned = { ...image, build, ...(result && { result }) };
  await withPlacedErrors(repo, [commit], () => publishPlanned(planned, options));
}
