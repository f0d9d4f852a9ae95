import type { Command } from 'commander';
import { TreeportError } from '../base/errors.ts';
import { addEncapsulateOptions, type EncapsulateWords, encapsulateOptions } from './encapsulate-options.ts';
import { runtimeFrom, runtimeOption, warn } from './mirror-options.ts';
import { openRepo } from './open-repo.ts';
import { authfileOption, quietOption, repoOption } from './options.ts';
import { printLine } from './output.ts';
import { startProgress } from './progress.ts';

type Words = EncapsulateWords & {
  readonly repo: string;
  readonly runtime?: string;
  readonly authfile?: string;
  readonly quiet?: boolean;
};

export function addMirrorBuild(group: Command): void {
  const command = group
    .command('build')
    .description('make a mirror image of commits, which serves them when it is started, and print its digest')
    .argument('<revision-or-image...>', 'refs or commits, the one whose OS it is first; then where to')
    .usage('[options] --repo <path> <revision...> <image>')
    .addOption(repoOption())
    .addOption(runtimeOption());
  addEncapsulateOptions(command).addOption(authfileOption()).addOption(quietOption()).action(buildImage);
}

async function buildImage(revisionsAndImage: readonly string[], words: Words): Promise<void> {
  const { parseImageReference } = await import('../oci/reference.ts');
  const { publishImage } = await import('../oci/publish.ts');
  const { buildMirror } = await import('../mirror/build.ts');
  const { publicationOf } = await import('../mirror/published-refs.ts');
  const image = revisionsAndImage.at(-1) as string;
  const revisions = revisionsAndImage.slice(0, -1);
  if (revisions.length === 0) {
    throw new TreeportError('ERR_USAGE', 'name at least one ref or commit, and then the image');
  }
  const target = parseImageReference(image);
  const options = await encapsulateOptions(words);
  const repo = await openRepo(words.repo);
  const publication = await publicationOf(repo, revisions, warn);
  const skopeo = words.authfile === undefined ? {} : { authfile: words.authfile };
  const progress = startProgress({ label: 'mirror build', unit: 'bytes', quiet: words.quiet });
  const build = {
    ...options,
    publication,
    warn,
    runtimeFor: (architecture: string) => runtimeFrom(words.runtime, architecture, skopeo),
    onProgress: (bytes: number) => progress.update(bytes),
  };
  try {
    const digest = await publishImage(target, (sink) => buildMirror(repo, sink, build), skopeo);
    progress.stop();
    await printLine(digest);
  } catch (error) {
    progress.stop();
    throw error;
  }
}
