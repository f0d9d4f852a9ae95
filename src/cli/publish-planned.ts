/**
 * Publishes an image of a commit with planned layers: what the verbs that have the options of
 * layer-options.ts have in common.
 */

import type { EncapsulateOptions } from '../container/encapsulate/encapsulate.ts';
import type { ImageComparison } from '../container/inspect/compare-images.ts';
import type { Descriptor } from '../oci/model/descriptor.ts';
import { formatImageReference, type ImageReference } from '../oci/model/reference.ts';
import type { ImageDescription, OpenedImage } from '../oci/read/opened-image.ts';
import type { RegistryAccess } from '../oci/skopeo/registry-access.ts';
import type { ImageSink } from '../oci/write/image-sink.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import { comparisonLines } from './comparison-text.ts';
import { shrinkHeap } from './gc-flags.ts';
import { type LayerCliOptions, refuseLayerOptions } from './layer-options.ts';
import { printJson, printLine } from './output.ts';
import { type CommitPlanning, planningOf, withPlan } from './plan-layers.ts';
import type { PublishOptions } from './publish-options.ts';
import { warn } from './report.ts';
import { type BuildWithProgress, publishAndPrint, type Target } from './run-publish.ts';
import { withUsedImages } from './used-images.ts';

export type ImagePlanning = {
  /** Plans the layers of the commit: `imageOptions` with the plan. */
  readonly plan: () => Promise<EncapsulateOptions>;
  readonly onProgress: (bytes: number) => void;
};

export type PlannedImage = {
  readonly target: Target;
  /** Shown with the progress. */
  readonly label: string;
  readonly source: ObjectSource;
  /** Undefined if the image has no commit whose layers are planned. */
  readonly commit: Checksum | undefined;
  readonly imageOptions: EncapsulateOptions;
  readonly access: RegistryAccess;
  /** How much of the image the layers of the commit are. Default: 1. */
  readonly share?: number;
  /** The image that this one continues: it gives the previous plan, unless options name another. */
  readonly previous?: OpenedImage | undefined;
  /** Writes the image, and finishes it. */
  readonly build: (sink: ImageSink, planning: ImagePlanning) => Promise<Descriptor>;
  /** Default: publishAndPrint. */
  readonly publish?: (build: BuildWithProgress) => Promise<void>;
  /** The line that tells the digest; default: the digest alone. */
  readonly result?: (digest: string) => string;
};

/** Plans, builds, publishes, prints the digest and then the comparison; with `--dry-run`, only the plan. */
export async function publishPlanned(
  image: PlannedImage,
  options: LayerCliOptions & PublishOptions,
): Promise<void> {
  const { target, label, commit, imageOptions, access, previous, build, result, share = 1 } = image;
  if (commit === undefined) refuseLayerOptions(options, 'the image has no main commit');
  await withUsedImages(access, async (images) => {
    const { compareWithBuild, dryRun } = options;
    // Before it is replaced, if it is the target.
    const former = compareWithBuild === undefined ? undefined : await images.open(compareWithBuild);
    const planningFor = (of: Checksum) => planningOf(image.source, of, options, { images, previous });
    if (dryRun === true && commit !== undefined) {
      const { summarizePlan } = await import('../container/plan/plan-summary.ts');
      const summary = summarizePlan(await (await planningFor(commit)).make());
      if (options.json === true) return printJson({ commit, ...summary }, 2);
      const { planLines } = await import('./plan-text.ts');
      for (const line of planLines(commit, summary)) await printLine(line);
      return;
    }
    const withLayers = async (reach: (fraction: number) => void) => {
      if (commit === undefined) return imageOptions;
      const options = await withPlanning(imageOptions, await planningFor(commit));
      const onObjects = (done: number, total: number) => reach((share * done) / total);
      return { ...options, onObjects, formerLayers: await images.layers(target.image, previous) };
    };
    const comparison = async () => former && (await compareWith(former, target.image, access));
    const report = { line: result, facts: async () => ({ comparison: await comparison() }) };
    const publish =
      image.publish ?? ((build: BuildWithProgress) => publishAndPrint(target, label, options, build, report));
    await publish((sink, onProgress, reach) => build(sink, { plan: () => withLayers(reach), onProgress }));
    const compared = options.json === true ? undefined : await comparison();
    if (compared !== undefined) for (const line of comparisonLines(compared)) await printLine(line);
  });
}

/** The options with the plan, or with the planning if a layer cache may have the plan. */
async function withPlanning(
  options: EncapsulateOptions,
  { basis, make }: CommitPlanning,
): Promise<EncapsulateOptions> {
  const planned = async () => {
    const made = await make();
    await shrinkHeap();
    return made;
  };
  if (options.layerCache === undefined || basis === undefined) return withPlan(options, await planned());
  return { ...options, planning: { basis, make: planned, onNote: warn } };
}

async function compareWith(
  before: ImageDescription,
  target: ImageReference,
  access: RegistryAccess,
): Promise<ImageComparison> {
  const { compareImages } = await import('../container/inspect/compare-images.ts');
  return withUsedImages(access, async (images) =>
    compareImages(before, await images.open(formatImageReference(target))),
  );
}
