import type { Command } from 'commander';
import { chosenCompression } from './compression-option.ts';
import { addPublishOptions, type PublishOptions } from './publish-options.ts';
import { openTarget, publishAndPrint } from './run-publish.ts';

type Options = PublishOptions & {
  readonly arch?: string;
  readonly compression?: string;
};

export function addMirrorRuntime(group: Command): void {
  const command = group
    .command('runtime')
    .description('make an image of the runtime of mirror images, for the Containerfile and for --runtime')
    .argument('<image>', 'destination: oci:DIR[:TAG], oci-archive:FILE[:TAG], docker://NAME, …')
    .option('--arch <name>', 'architecture; this machine must have its Node and libraries (default: its own)')
    .option('--compression <kind>', 'gzip[:1-9] or zstd[:1-19] (default: gzip:6)');
  addPublishOptions(command).action(makeRuntimeImage);
}

async function makeRuntimeImage(image: string, options: Options): Promise<void> {
  const { parseImageReference } = await import('../oci/model/reference.ts');
  const { goArchitecture } = await import('../oci/model/platform.ts');
  const { buildRuntimeImage } = await import('../mirror/runtime-image.ts');
  const { installedRuntime } = await import('../mirror/runtime/runtime.ts');
  const compression = await chosenCompression(options);
  const runtime = await installedRuntime(goArchitecture(options.arch ?? process.arch));
  const target = await openTarget(parseImageReference(image), options);
  await publishAndPrint(target, 'mirror runtime', options, (sink, onProgress) =>
    buildRuntimeImage(sink, { runtime, compression, onProgress }),
  );
}
