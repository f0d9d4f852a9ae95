import type { Command } from 'commander';
import type { Bake } from '../mirror/packs/bake.ts';
import { allOption, archOption, type PlatformOptions } from './arch-option.ts';
import { chosenCompression } from './compression-option.ts';
import { collectLabel, collectText } from './encapsulate-options.ts';
import {
  bakedReporter,
  bakeOption,
  runtimeFrom,
  runtimeOption,
  signSummaryOption,
  summarySigners,
  virtualDeltaOption,
} from './mirror-options.ts';
import { publishChanged } from './publish-changed.ts';
import { addPublishOptions, type PublishOptions } from './publish-options.ts';
import { registryAccess } from './registry-options.ts';
import { warn } from './report.ts';

type Options = PublishOptions &
  PlatformOptions & {
    readonly ref?: readonly string[];
    readonly label?: readonly (readonly [string, string])[];
    readonly compression?: string;
    readonly runtime?: string;
    readonly bake: Bake;
    readonly delta: 'virtual' | 'none';
    readonly signSummary?: readonly string[];
  };

export function addMirrorWrap(group: Command): void {
  const command = group
    .command('wrap')
    .description('make a mirror image of an encapsulated image, without the repository, and print its digest')
    .argument(
      '<source>',
      'an image made by ostree-ext, rpm-ostree or treeport: oci:DIR[:TAG], docker://NAME, …',
    )
    .argument('<image>', 'destination: oci:DIR[:TAG], oci-archive:FILE[:TAG], docker://NAME, …')
    .option(
      '--ref <name>',
      'publish the commit under this ref (default: the refs it is bound to); may be repeated',
      collectText,
    )
    .option('-l, --label <key=value>', 'add a label; may be repeated', collectLabel)
    .addOption(archOption())
    .addOption(allOption())
    .option(
      '--compression <kind>',
      'compression of the added layers: gzip[:1-9] or zstd[:1-19] (default: gzip:6)',
    )
    .addOption(runtimeOption())
    .addOption(bakeOption())
    .addOption(virtualDeltaOption())
    .addOption(signSummaryOption())
    .action(wrap);
  addPublishOptions(command);
}

async function wrap(source: string, destination: string, options: Options): Promise<void> {
  const { parseImageReference } = await import('../oci/model/reference.ts');
  const { wrapImage } = await import('../mirror/wrap.ts');
  const from = parseImageReference(source);
  const to = parseImageReference(destination);
  const compression = await chosenCompression(options);
  const access = await registryAccess(options);
  const wrapOptions = {
    refs: options.ref ?? [],
    labels: Object.fromEntries(options.label ?? []),
    compression,
    runtimeFor: (architecture: string) => runtimeFrom(options.runtime, architecture, access),
    bake: options.bake,
    virtualDeltas: options.delta === 'virtual',
    summarySigners: await summarySigners(options),
    onBaked: bakedReporter(options),
    warn,
  };
  await publishChanged('mirror wrap', { from, to }, options, (image, sink, onProgress) =>
    wrapImage(image, sink, { ...wrapOptions, onProgress }),
  );
}
