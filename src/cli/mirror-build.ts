import type { Command } from 'commander';
import { TreeportError } from '../base/errors.ts';
import { addEncapsulateOptions, type EncapsulateWords, encapsulateOptions } from './encapsulate-options.ts';
import { runtimeFrom, runtimeOption } from './mirror-options.ts';
import { openRepo } from './open-repo.ts';
import {
  authfileOption,
  quietOption,
  repoOption,
  type StallWords,
  stallAccess,
  stallTimeoutOption,
} from './options.ts';
import { type PublishWords, publishAndPrint, skopeoOptions } from './run-publish.ts';
import { warn } from './warn.ts';

type Words = EncapsulateWords &
  PublishWords &
  StallWords & { readonly repo: string; readonly runtime?: string };

export function addMirrorBuild(group: Command): void {
  const command = group
    .command('build')
    .description('make a mirror image of commits, which serves them when it is started, and print its digest')
    .argument('<revision-or-image...>', 'refs or commits, the one whose OS it is first; then where to')
    .usage('[options] --repo <path> <revision...> <image>')
    .addOption(repoOption())
    .addOption(runtimeOption());
  addEncapsulateOptions(command)
    .addOption(authfileOption())
    .addOption(stallTimeoutOption())
    .addOption(quietOption())
    .action(buildImage);
}

async function buildImage(revisionsAndImage: readonly string[], words: Words): Promise<void> {
  const { parseImageReference } = await import('../oci/model/reference.ts');
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
  const access = { ...skopeoOptions(words), ...stallAccess(words) };
  const build = {
    ...options,
    publication,
    warn,
    runtimeFor: (architecture: string) => runtimeFrom(words.runtime, architecture, access),
  };
  await publishAndPrint(target, 'mirror build', words, (sink, onProgress) =>
    buildMirror(repo, sink, { ...build, onProgress }),
  );
}
