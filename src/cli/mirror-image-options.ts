/** Options of the verbs that make a mirror image of a repository: `mirror build` and `snapshot create`. */
import type { Command } from 'commander';
import { addEncapsulateOptions, type EncapsulateCliOptions } from './encapsulate-options.ts';
import { addImageSigningOptions } from './image-signing-options.ts';
import { addLayerOptions, type LayerCliOptions } from './layer-options.ts';
import {
  deltaReporter,
  runtimeFrom,
  runtimeOption,
  signSummaryOption,
  summarySigners,
} from './mirror-options.ts';
import {
  authfileOption,
  quietOption,
  repoOption,
  type StallOptions,
  stallAccess,
  stallTimeoutOption,
} from './options.ts';
import { warn } from './report.ts';
import { type PublishOptions, skopeoOptions } from './run-publish.ts';

export type MirrorImageCliOptions = EncapsulateCliOptions &
  LayerCliOptions &
  PublishOptions &
  StallOptions & {
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
  addLayerOptions(addEncapsulateOptions(common))
    .addOption(authfileOption())
    .addOption(stallTimeoutOption())
    .addOption(quietOption());
  return addImageSigningOptions(command);
}

/** Maps the parsed command line to what the library's functions for both have in common. */
export async function mirrorImageOptions(options: MirrorImageCliOptions) {
  const access = { ...skopeoOptions(options), ...stallAccess(options) };
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
