import type { Command } from 'commander';
import { TreeportError } from '../base/errors.ts';
import type { CommitInfo, ImageInfo, ImageInfoOptions } from '../container/inspect/image-info.ts';
import type { OstreeImageReference } from '../container/inspect/ostree-image-reference.ts';
import type { OpenedImage } from '../oci/read/opened-image.ts';
import { allOption, archOption, type PlatformOptions, platformsForOstree } from './arch-option.ts';
import { printJson, printLine } from './output.ts';
import { addRegistryOptions, type RegistryOptions, registryAccess } from './registry-options.ts';

type Options = RegistryOptions &
  PlatformOptions & {
    readonly repo?: string;
    readonly remote?: string;
    readonly commits?: boolean;
    readonly json?: boolean;
  };

export function addContainerInfo(group: Command): void {
  const command = group
    .command('info')
    .description('show the commit, labels, layers, components and signatures of an image')
    .argument('<image>', 'an image reference, with or without a verification scheme')
    .option('--repo <path>', 'verify the signatures with the keys of a remote of this repository')
    .option('--remote <name>', 'the remote to verify with, if the reference names none')
    .addOption(archOption())
    .addOption(allOption())
    .option('--commits', 'also list the other commits that a mirror image serves, from its layers')
    .option('--json', 'print everything as one JSON document');
  addRegistryOptions(command).action(showInfo);
}

async function showInfo(text: string, options: Options): Promise<void> {
  const { imageArgument } = await import('./image-argument.ts');
  const { openOstreeImage } = await import('../container/inspect/open-ostree-image.ts');
  const { imageInfo } = await import('../container/inspect/image-info.ts');
  const { reference, name } = imageArgument(text);
  const infoOptions = verification(reference, options);
  const access = await registryAccess(options);
  const documents: object[] = [];
  for (const platform of await platformsForOstree(reference.image, options)) {
    const image = await openOstreeImage(reference, { ...access, ...platform });
    try {
      const info = await withPublishedRefs(await imageInfo(image, infoOptions), image);
      const commits = options.commits ? [info.commit, ...(await publishedCommits(image))] : undefined;
      documents.push({ image: name, ...info, commits });
      if (options.json) continue;
      const { infoLines } = await import('./container-info-text.ts');
      const textOptions = { commits, remote: infoOptions.verify?.remote };
      for (const line of infoLines(name, info, textOptions)) await printLine(line);
    } finally {
      await image.close();
    }
  }
  if (options.json) await printJson(options.all ? documents : documents[0], 2);
}

/** A container build cannot compute the label that names the refs: without it the layers are read. */
async function withPublishedRefs(info: ImageInfo, image: OpenedImage): Promise<ImageInfo> {
  if (info.mirrorRefs?.length !== 0) return info;
  const published = await import('../mirror/published-commits.ts');
  return { ...info, mirrorRefs: await published.publishedRefNames(image) };
}

async function publishedCommits(image: OpenedImage): Promise<readonly CommitInfo[]> {
  const published = await import('../mirror/published-commits.ts');
  return published.publishedCommits(image);
}

/** Throws ERR_USAGE if verification is requested but incompletely specified: it is never skipped silently. */
function verification({ verification: demanded }: OstreeImageReference, options: Options): ImageInfoOptions {
  const remote = options.remote ?? (demanded.kind === 'remote' ? demanded.remote : undefined);
  const { repo } = options;
  if (remote === undefined && repo === undefined) return {};
  if (repo === undefined)
    throw new TreeportError(
      'ERR_USAGE',
      `to verify by the remote "${remote}", name its repository with --repo`,
    );
  if (remote === undefined)
    throw new TreeportError('ERR_USAGE', `to verify by a remote of ${repo}, name it with --remote`);
  return { verify: { repo, remote } };
}
