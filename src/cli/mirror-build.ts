import type { Command } from 'commander';
import { TreeportError } from '../base/errors.ts';
import type { Bake } from '../mirror/packs/bake.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { encapsulateOptions } from './encapsulate-options.ts';
import { flatpakRefs } from './flatpak-refs.ts';
import {
  addMirrorImageOptions,
  type MirrorImageCliOptions,
  mirrorImageOptions,
} from './mirror-image-options.ts';
import { bakedReporter, bakeOption, deltaOption } from './mirror-options.ts';
import { openRepo } from './open-repo.ts';
import { withPlacedErrors } from './placed-errors.ts';
import type { PlannedImage } from './publish-planned.ts';
import { warn } from './report.ts';
import { openTarget } from './run-publish.ts';

type Options = MirrorImageCliOptions & {
  readonly bake: Bake;
  readonly flatpak?: boolean;
};

export function addMirrorBuild(group: Command): void {
  const command = group
    .command('build')
    .description('make a mirror image of commits, which serves them when started, and print its digest')
    .argument('<revision-or-image...>', 'refs or commits, first the one to boot; then the destination')
    .usage('[options] --repo <path> <revision...> <image>')
    .action(buildImage);
  addMirrorImageOptions(command, (own) =>
    own
      .option(
        '--flatpak',
        'the words before the destination are flatpak apps and runtimes, ID[/ARCHITECTURE[/BRANCH]]; takes the ' +
          'runtimes, locales and extensions along that they need',
      )
      .addOption(bakeOption())
      .addOption(deltaOption()),
  );
}

async function buildImage(revisionsAndImage: readonly string[], options: Options): Promise<void> {
  const { parseImageReference } = await import('../oci/model/reference.ts');
  const { buildMirror } = await import('../mirror/build.ts');
  const { publicationOf } = await import('../mirror/published-refs.ts');
  const { publishPlanned } = await import('./publish-planned.ts');
  const { parseDeltaChoices } = await import('../mirror/delta-choice.ts');
  const destinationText = revisionsAndImage.at(-1) as string;
  const revisions = revisionsAndImage.slice(0, -1);
  if (revisions.length === 0) {
    throw new TreeportError('ERR_USAGE', 'name at least one ref or commit, and then the image');
  }
  const destination = parseImageReference(destinationText);
  const deltas = parseDeltaChoices(options.delta ?? []);
  const imageOptions = await encapsulateOptions(options);
  const repo = await openRepo(options.repo);
  const words = options.flatpak === true ? await flatpakRefs(repo, revisions, options.quiet) : revisions;
  const publication = await publicationOf(repo, words, warn);
  const { access, making } = await mirrorImageOptions(options);
  const build = { ...making, publication, bake: options.bake, deltas, onBaked: bakedReporter(options) };
  const [commit] = publication.commits as readonly [Checksum];
  const target = await openTarget(destination, options);
  const planned = {
    target,
    label: 'mirror build',
    share: 0.6,
    source: repo.objects,
    commit,
    imageOptions,
    access,
  };
  const image: PlannedImage = {
    ...planned,
    build: async (sink, { plan, onProgress }) =>
      buildMirror(repo, sink, { ...(await plan()), ...build, onProgress }),
  };
  await withPlacedErrors(repo, publication.commits, () => publishPlanned(image, options));
}
