/**
 * Publishes an image of a commit with planned layers: what the verbs that have the options of
 * layer-options.ts have in common.
 */
import type { EncapsulateOptions } from '../container/encapsulate/encapsulate.ts';
import type { Descriptor } from '../oci/model/descriptor.ts';
import { formatImageReference, type ImageReference } from '../oci/model/reference.ts';
import type { ImageDescription } from '../oci/read/opened-image.ts';
import type { RegistryAccess } from '../oci/skopeo/registry-access.ts';
import type { ImageSink } from '../oci/write/image-sink.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import { comparisonLines } from './comparison-text.ts';
import { type LayerCliOptions, planFor, withPlan } from './layer-options.ts';
import { printLine } from './output.ts';
import { type PublishOptions, publishAndPrint } from './run-publish.ts';
import { withUsedImages } from './used-images.ts';

export type PlannedImage = {
  readonly target: ImageReference;
  /** Shown with the progress. */
  readonly label: string;
  readonly source: ObjectSource;
  readonly commit: Checksum;
  readonly imageOptions: EncapsulateOptions;
  readonly access: RegistryAccess;
  /** Writes the image with these options, and finishes it. */
  readonly build: (sink: ImageSink, options: EncapsulateOptions) => Promise<Descriptor>;
  /** The line that tells the digest; default: the digest alone. */
  readonly result?: (digest: string) => string;
};

/** Plans, builds, publishes, prints the digest and then the comparison; with `--dry-run`, only the plan. */
export async function publishPlanned(
  { target, label, source, commit, imageOptions, access, build, result }: PlannedImage,
  options: LayerCliOptions & PublishOptions,
): Promise<void> {
  await withUsedImages(access, async (images) => {
    const { compareWithBuild, dryRun } = options;
    // Before it is replaced, if it is the target.
    const former = compareWithBuild === undefined ? undefined : await images.open(compareWithBuild);
    const plan = await planFor(source, commit, options, images);
    if (dryRun === true) {
      const { summarizePlan } = await import('../container/plan/plan-summary.ts');
      const { planLines } = await import('./plan-text.ts');
      for (const line of planLines(commit, summarizePlan(plan))) await printLine(line);
      return;
    }
    const formerLayers = await images.layers(target);
    const all = { ...withPlan(imageOptions, plan), formerLayers };
    await publishAndPrint(
      target,
      label,
      options,
      (sink, onProgress) => build(sink, { ...all, onProgress }),
      result,
    );
    if (former !== undefined) await printComparison(former, target, access);
  });
}

async function printComparison(
  before: ImageDescription,
  target: ImageReference,
  access: RegistryAccess,
): Promise<void> {
  const { compareImages } = await import('../container/inspect/compare-images.ts');
  await withUsedImages(access, async (images) => {
    const after = await images.open(formatImageReference(target));
    for (const line of comparisonLines(compareImages(before, after))) await printLine(line);
  });
}
