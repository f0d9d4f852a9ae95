/** Options of the verbs that make a mirror image of a repository: `mirror build` and `snapshot create`. */
import type { Command } from 'commander';
import { addEncapsulateOptions, type EncapsulateCliOptions } from './encapsulate-options.ts';
import { addLayerOptions, type LayerCliOptions } from './layer-options.ts';
import {
  deltaReporter,
  runtimeFrom,
  runtimeOption,
  signSummaryOption,
  summarySigners,
} from './mirror-options.ts';
import { repoOption } from './options.ts';
import { addPublishOptions, type PublishOptions } from './publish-options.ts';
import { registryAccess } from './registry-options.ts';
import { warn } from './report.ts';

export type MirrorImageCliOptions = EncapsulateCliOptions &
  LayerCliOptions &
  PublishOptions & {
    readonly repo: string;
    readonly runtime?: string;
    readonly delta?: readonly string[];
    readonly signSummary?: readonly string[];
  };

/** `own`: adds the options that only this verb has. They stand after `--repo`. */
export function addMirrorImageOptions(command: Command, own: (command: Command) => Command): Command {
  const common = own(command.addOption(repoOption()))
    .addOption(runtimeOption())
    .addOption(signSummaryOption());
  return addPublishOptions(addLayerOptions(addEncapsulateOptions(common)));
}

/** Maps the parsed command line to what the library's functions for both have in common. */
export async function mirrorImageOptions(options: MirrorImageCliOptions) {
  const access = await registryAccess(options);
  return {
    access,
    making: {
      warn,
      runtimeFor: (architecture: string) => runtimeFrom(options.runtime, architecture, access),
      summarySigners: await summarySigners(options),
      onDelta: deltaReporter(options),
    },
  };
}
