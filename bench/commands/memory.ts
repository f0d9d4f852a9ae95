/**
 * Peak memory of the verbs: on the Debian tree, and whether it grows with the number of objects and with the
 * size of a file.
 */
import { join } from 'node:path';
import type { Build } from '../builds.ts';
import { type Command, measure, run } from '../command.ts';
import { debianRepos, REF } from '../debian-tree.ts';
import { BY_DEFAULT, type Row, type Section } from '../result.ts';
import type { Setting } from '../setting.ts';
import { withScratch } from '../storage.ts';
import { bigFileRepo } from './big-file.ts';
import { updatedRepo } from './diff.ts';
import { VERB_MEGABYTES } from './goals.ts';
import { MANY_REF, manyObjectsRepo } from './many-objects.ts';

type Verbs = Readonly<Record<string, Command>>;

type Source = {
  readonly repo: string;
  readonly ref: string;
  readonly scratch: string;
  readonly build: Build;
};

export function benchMemory({ builds, quick }: Setting): Promise<Section> {
  return ofEach(builds, 'peak memory on the Debian tree', async (build, scratch) => {
    const repos = await debianRepos();
    const source = { repo: repos.bare, ref: REF, scratch, build };
    const updates = await updatedRepo();
    const mirror = ['--quiet', '--repo', repos.bare, REF, `oci:${scratch}/mirror`];
    return {
      ...writing(source),
      ...(await reading(source, quick ? ['bare'] : ['bare', 'archive'])),
      'repo fsck, archive': build.treeport('repo', 'fsck', '--quiet', '--repo', repos.archive),
      diff: build.treeport('diff', '--repo', updates, REF, 'update/spread'),
      'mirror build': build.treeport('mirror', 'build', ...mirror),
    };
  });
}

export function benchMemoryManyObjects({ builds }: Setting): Promise<Section> {
  return ofEach(builds, 'peak memory with 200,000 objects', async (build, scratch) => {
    const source = { repo: await manyObjectsRepo(), ref: MANY_REF, scratch, build };
    return { ...writing(source), ...(await reading(source, ['archive'])) };
  });
}

export function benchMemoryZeros({ builds }: Setting): Promise<Section> {
  return ofBigFile(builds, 'zeros');
}

export function benchMemoryRandom({ builds }: Setting): Promise<Section> {
  return ofBigFile(builds, 'random');
}

function ofBigFile(builds: Setting['builds'], content: 'zeros' | 'random'): Promise<Section> {
  return ofEach(builds, `peak memory with one file of 4 GB, ${content}`, async (build, scratch) => {
    const source = { ...(await bigFileRepo(content)), scratch, build };
    return { ...writing(source), ...(await reading(source, ['bare-user'])) };
  });
}

async function ofEach(
  builds: Setting['builds'],
  title: string,
  verbs: (build: Build, scratch: string) => Promise<Verbs>,
): Promise<Section> {
  const rows: Row[] = [];
  for (const build of builds) {
    await withScratch(async (scratch) => {
      for (const [verb, command] of Object.entries(await verbs(build, scratch))) {
        const { peakMB } = await measure(command);
        const goal = build === builds[0] ? { setting: BY_DEFAULT, atMost: VERB_MEGABYTES } : {};
        rows.push({ what: `treeport ${verb}${build.suffix}`, unit: 'MB', values: [peakMB], ...goal });
      }
    });
  }
  return { title, rows };
}

/** The verbs that read a repository. */
function writing({ repo, ref, scratch, build: { treeport } }: Source): Verbs {
  return {
    'repo ls -R': treeport('repo', 'ls', '-R', '--repo', repo, ref),
    'repo fsck': treeport('repo', 'fsck', '--quiet', '--repo', repo),
    'tar export': treeport('tar', 'export', '--repo', repo, ref),
    'container encapsulate': treeport(...encapsulateArgs(repo, ref, join(scratch, 'out'))),
  };
}

/** The verbs that read images and tar streams of the commit, into repositories of these modes. */
async function reading({ repo, ref, scratch, build }: Source, modes: readonly string[]): Promise<Verbs> {
  const { treeport } = build;
  const [image, tar] = [join(scratch, 'image'), join(scratch, 'tar')];
  await run(treeport(...encapsulateArgs(repo, ref, image)));
  await run(treeport('tar', 'export', '--output', tar, '--repo', repo, ref));
  const reference = `ostree-unverified-image:oci:${image}`;
  const verbs: Record<string, Command> = {
    'container info': treeport('container', 'info', reference),
    'container compare': treeport('container', 'compare', reference, reference),
  };
  for (const mode of modes) {
    const [ofImage, ofTar] = [join(scratch, `image-${mode}`), join(scratch, `tar-${mode}`)];
    for (const path of [ofImage, ofTar]) await run(['ostree', `--repo=${path}`, 'init', `--mode=${mode}`]);
    const options = ['--quiet', '--write-ref', ref, '--repo'];
    verbs[`container unencapsulate, into ${mode}`] = treeport(
      'container',
      'unencapsulate',
      ...options,
      ofImage,
      reference,
    );
    verbs[`tar import, into ${mode}`] = treeport('tar', 'import', ...options, ofTar, tar);
  }
  return verbs;
}

function encapsulateArgs(repo: string, ref: string, out: string): string[] {
  return ['container', 'encapsulate', '--quiet', '--repo', repo, ref, `oci:${out}`];
}
