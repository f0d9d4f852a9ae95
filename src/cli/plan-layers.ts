/** Plans the layers of an image by the options of layer-options.ts. */
import { isTreeportError } from '../base/errors.ts';
import type { EncapsulateOptions } from '../container/encapsulate/encapsulate.ts';
import { madeAfresh } from '../container/packing/made-afresh.ts';
import type { Contentmeta } from '../container/plan/contentmeta.ts';
import type { PlannedCommit } from '../container/plan/planned-commit.ts';
import type { PreviousPlan } from '../container/plan/previous-plan.ts';
import { canonicalJson } from '../oci/model/canonical-json.ts';
import type { ImageDescription } from '../oci/read/opened-image.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import { checkLayerOptions, type LayerCliOptions } from './layer-options.ts';
import { warn } from './report.ts';
import type { UsedImages } from './used-images.ts';

/** Where the plan of a previous build may be. */
export type FormerImages = {
  readonly images: UsedImages;
  /** The image that the new one continues. */
  readonly previous: ImageDescription | undefined;
};

export type CommitPlanning = {
  /** Everything that the plan depends on, besides the commit; undefined if a contentmeta file takes part. */
  readonly basis: string | undefined;
  /** Plans the layers and writes the contentmeta file. Prints notes, which are in the plan as well. */
  readonly make: () => Promise<PlannedCommit>;
};

/** Prepares a plan: checks the options, and finds the plan of the previous build. */
export async function planningOf(
  source: ObjectSource,
  commit: Checksum,
  options: LayerCliOptions,
  former: FormerImages,
): Promise<CommitPlanning> {
  const { packing, packages, maxLayers, writeContentmetaJson } = options;
  const contentmeta = await contentmetaOf(options);
  checkLayerOptions(options, contentmeta);
  const previous = (await previousRecord(options, former)) ?? recordOf(contentmeta);
  const planOptions = {
    ...(packing && { packing }),
    ...(packages && { packages }),
    ...(maxLayers && { maxLayers }),
    ...(previous && { previous }),
  };
  const isKept = (contentmeta ?? writeContentmetaJson) === undefined;
  return {
    basis: isKept ? canonicalJson(planOptions).toString() : undefined,
    async make() {
      const notes: string[] = [];
      const note = (message: string) => {
        notes.push(message);
        warn(message);
      };
      const { planCommit } = await import('../container/plan/plan-commit.ts');
      const found = { ...planOptions, ...(contentmeta && { contentmeta }), warn: note };
      const planned = await planCommit(source, commit, found);
      for (const each of planned.notes) note(each);
      if (writeContentmetaJson !== undefined) await writeContentmeta(writeContentmetaJson, planned);
      return { ...planned, notes };
    },
  };
}

async function writeContentmeta(path: string, planned: PlannedCommit): Promise<void> {
  const { contentmetaJson } = await import('../container/plan/write-contentmeta.ts');
  const { writeFileAtomic } = await import('../base/atomic-file.ts');
  await writeFileAtomic(path, contentmetaJson(planned));
}

/** What the plan and a contentmeta file change in the options of the library. */
export function withPlan(
  options: EncapsulateOptions,
  { plan, record, created, labels }: PlannedCommit,
): EncapsulateOptions {
  return {
    ...options,
    labels: { ...options.labels, ...labels },
    ...(options.created === undefined && created !== undefined && { created }),
    plan: () => plan,
    ...(record && { record }),
  };
}

async function contentmetaOf({ contentmeta }: LayerCliOptions): Promise<Contentmeta | undefined> {
  if (contentmeta === undefined) return undefined;
  return (await import('../container/plan/contentmeta.ts')).readContentmeta(contentmeta);
}

function recordOf(contentmeta: Contentmeta | undefined) {
  return contentmeta?.kind === 'components' ? contentmeta.record : undefined;
}

/** A previous build that is not there, or has no plan, is no error: the first build has none. */
async function previousRecord(
  options: LayerCliOptions,
  { images, previous }: FormerImages,
): Promise<PreviousPlan['record']> {
  const { planOfImage, readPreviousManifest } = await import('../container/plan/previous-plan.ts');
  const { previousBuild, previousBuildManifest: file } = options;
  const name = previousBuild ?? file;
  if (name === undefined) {
    const isContinued = previous !== undefined && options.contentmeta === undefined;
    return isContinued ? planOfImage(previous).record : undefined;
  }
  try {
    const { record, missing } =
      file === undefined ? planOfImage(await images.open(name)) : await readPreviousManifest(file);
    if (missing !== undefined) warn(madeAfresh(`${name} has no plan: ${missing}`));
    return record;
  } catch (error) {
    if (!isTreeportError(error, 'ERR_IMAGE_MISSING')) throw error;
    warn(madeAfresh(error.message));
    return undefined;
  }
}
