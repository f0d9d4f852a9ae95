/** What `build-chunked-oci` does: from a root filesystem to a commit, and to its image. */
import { isTreeportError } from '../base/errors.ts';
import type { EncapsulateOptions } from '../container/encapsulate/encapsulate.ts';
import { LABEL_BOOTC } from '../container/labels.ts';
import type { BaseImage } from '../container/rootfs/base-image.ts';
import type { PreparedRoot } from '../container/rootfs/prepare-root.ts';
import type { OpenedRoot } from '../container/rootfs/read-tars.ts';
import type { ImageSink } from '../oci/write/image-sink.ts';
import {
  originOf,
  type RootCliOptions,
  type RootOrigin,
  signersOf,
  timestampOf,
} from './build-root-options.ts';
import { type EncapsulateCliOptions, encapsulateOptions } from './encapsulate-options.ts';
import type { LayerCliOptions } from './layer-options.ts';
import { startProgress } from './progress.ts';
import type { PublishOptions } from './publish-options.ts';
import type { ImagePlanning } from './publish-planned.ts';
import { registryAccess } from './registry-options.ts';
import { printMessage, warn } from './report.ts';
import { openTarget, type Target } from './run-publish.ts';
import { withUsedImages } from './used-images.ts';

export type BuildRootOptions = RootCliOptions & EncapsulateCliOptions & LayerCliOptions & PublishOptions;

/** Opens the root filesystem, makes its commit, and publishes its image. */
export async function buildRootImage(options: BuildRootOptions): Promise<void> {
  const { parseImageReference } = await import('../oci/model/reference.ts');
  const output = parseImageReference(options.output);
  const origin = await originOf(options);
  const timestamp = await timestampOf(options);
  const imageOptions = await encapsulateOptions(options);
  const signers = await signersOf(options);
  const target = await openTarget(output, options);
  const { root, base } = await openRoot(origin, options);
  try {
    const { prepareRoot } = await import('../container/rootfs/prepare-root.ts');
    const prepared = await withProgress(options, (onProgress) =>
      prepareRoot(root.tree, {
        where: origin.where,
        timestamp: timestamp ?? base?.created,
        version: base?.version,
        selinux: options.selinux,
        signers,
        onProgress,
      }),
    );
    for (const note of prepared.notes) warn(note);
    if (options.repo !== undefined && options.dryRun !== true)
      await writeToRepo(prepared, origin.where, options.repo, options.branch);
    await publishRoot(target, { prepared, base }, options, imageOptions);
  } finally {
    await root.close();
  }
}

type Prepared = { readonly prepared: PreparedRoot; readonly base: BaseImage | undefined };

async function publishRoot(
  target: Target,
  { prepared, base }: Prepared,
  options: BuildRootOptions,
  imageOptions: EncapsulateOptions,
): Promise<void> {
  const { commit, source } = prepared;
  const { encapsulate } = await import('../container/encapsulate/encapsulate.ts');
  const { finishImage } = await import('../container/encapsulate/image-draft.ts');
  const { onBase } = await import('../container/rootfs/base-image.ts');
  const { publishPlanned } = await import('./publish-planned.ts');
  const access = target.publish;
  const image = { target, label: 'build-chunked-oci', source, commit, imageOptions, access };
  const build = async (sink: ImageSink, { plan, onProgress }: ImagePlanning) => {
    const planned = await plan();
    const config = base?.config ?? imageOptions.config ?? {};
    const labels = { ...(options.bootc && { [LABEL_BOOTC]: '1' }), ...planned.labels };
    const draft = await encapsulate(source, commit, sink, { ...planned, config, labels, onProgress });
    return finishImage(sink, base === undefined ? draft : onBase(draft, base, options.arch === undefined));
  };
  await publishPlanned({ ...image, build }, await withFormerImage(options, target));
}

/**
 * As with rpm-ostree, the previous build is the image that is to be replaced, unless another one is named. An
 * image that cannot be read, or has no plan, is none.
 */
async function withFormerImage(options: BuildRootOptions, target: Target): Promise<BuildRootOptions> {
  const { packing, previousBuild, previousBuildManifest, contentmeta } = options;
  if (packing === 'single' || (previousBuild ?? previousBuildManifest ?? contentmeta) !== undefined)
    return options;
  const { planOfImage } = await import('../container/plan/previous-plan.ts');
  const { formatImageReference } = await import('../oci/model/reference.ts');
  const name = formatImageReference(target.image);
  try {
    return await withUsedImages(target.publish, async (images) => {
      const { record } = planOfImage(await images.open(name));
      return record === undefined ? options : { ...options, previousBuild: name };
    });
  } catch (error) {
    if (!isTreeportError(error)) throw error;
    return options;
  }
}

async function writeToRepo(
  { commit, source }: PreparedRoot,
  where: string,
  repo: string,
  branch: string | undefined,
): Promise<void> {
  const { importMounted } = await import('../container/import/import-mounted.ts');
  const ref = branch === undefined ? {} : { writeRef: branch };
  await importMounted(source, { repo, where, verification: { kind: 'unverified' }, warn, ...ref });
  printMessage(`commit ${commit}${branch === undefined ? '' : ` (${branch})`} is in ${repo}`);
}

type Opened = { readonly root: OpenedRoot; readonly base: BaseImage | undefined };

async function openRoot(origin: RootOrigin, options: BuildRootOptions): Promise<Opened> {
  const { libcXattrs } = await import('../native/libc/xattrs.ts');
  const { contentRules } = await import('../container/rootfs/rules.ts');
  const { openRootAt, openRootOf } = await import('../container/rootfs/open-root.ts');
  const { special } = options;
  const reading = { rules: contentRules(options.var), special, xattrs: libcXattrs, warn };
  return withProgress(options, async (onBytes) => {
    if (origin.kind === 'path')
      return { root: await openRootAt(origin.path, { ...reading, onBytes }), base: undefined };
    const access = await registryAccess(options);
    const { base, ...root } = await openRootOf(origin.reference, access, { ...reading, onBytes });
    return { root, base };
  });
}

async function withProgress<T>(
  { quiet }: BuildRootOptions,
  work: (onBytes: (bytes: number) => void) => Promise<T>,
): Promise<T> {
  const progress = startProgress({ label: 'reading the root filesystem', unit: 'bytes', quiet });
  try {
    return await work((bytes) => progress.add(bytes));
  } finally {
    progress.stop();
  }
}
