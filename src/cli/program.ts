/**
 * The tree of commands, one file per verb. A verb file exports one function that adds its command to a group;
 * its action imports heavy modules. A command line loads only the file of its own verb, because every module
 * adds to the start-up time (docs/decisions/0054-start-up.md). docs/cli.md is generated from this tree.
 */
import { Command, type Option } from 'commander';
import { VERSION } from '../base/version.ts';
import type { ProgressStyle } from './options.ts';

type Verb = {
  /** Its name and aliases. */
  readonly names: readonly string[];
  /** Loads its file, and returns the function that adds the verb. */
  readonly load: () => Promise<(parent: Command) => void>;
  /** Reads only a few objects, so it skips the set-up for long streams. */
  readonly brief?: true;
  /** Needs the tree of commands. */
  readonly whole?: true;
};

type Group = { readonly name: string; readonly description: string; readonly verbs: readonly Verb[] };

const GROUPS: readonly Group[] = [
  {
    name: 'repo',
    description: 'read and check an ostree repository of any mode',
    verbs: [
      { names: ['ls'], brief: true, load: async () => (await import('./repo-ls.ts')).addRepoLs },
      { names: ['show'], brief: true, load: async () => (await import('./repo-show.ts')).addRepoShow },
      { names: ['cat'], load: async () => (await import('./repo-cat.ts')).addRepoCat },
      { names: ['log'], brief: true, load: async () => (await import('./repo-log.ts')).addRepoLog },
      { names: ['refs'], brief: true, load: async () => (await import('./repo-refs.ts')).addRepoRefs },
      { names: ['export'], load: async () => (await import('./repo-export.ts')).addRepoExport },
      { names: ['fsck'], load: async () => (await import('./repo-fsck.ts')).addRepoFsck },
    ],
  },
  {
    name: 'container',
    description: 'commits as OCI images',
    verbs: [
      {
        names: ['encapsulate', 'export'],
        load: async () => (await import('./container-encapsulate.ts')).addContainerEncapsulate,
      },
      {
        names: ['export-oci'],
        load: async () => (await import('./container-encapsulate.ts')).addContainerExportOci,
      },
      {
        names: ['build-chunked-oci'],
        load: async () => (await import('./container-build-chunked-oci.ts')).addContainerBuildChunkedOci,
      },
      {
        names: ['unencapsulate', 'import'],
        load: async () => (await import('./container-unencapsulate.ts')).addContainerUnencapsulate,
      },
      { names: ['info'], load: async () => (await import('./container-info.ts')).addContainerInfo },
      { names: ['compare'], load: async () => (await import('./container-compare.ts')).addContainerCompare },
      {
        names: ['simulate'],
        load: async () => (await import('./container-simulate.ts')).addContainerSimulate,
      },
      {
        names: ['image'],
        load: async () => (await import('./container-image-replace-detached.ts')).addContainerImage,
      },
      {
        names: ['index'],
        load: async () => (await import('./container-index-create.ts')).addContainerIndex,
      },
    ],
  },
  {
    name: 'compose',
    description: 'the verbs of rpm-ostree that make images, with its options',
    verbs: [
      {
        names: ['build-chunked-oci'],
        load: async () => (await import('./container-build-chunked-oci.ts')).addComposeBuildChunkedOci,
      },
      {
        names: ['container-encapsulate'],
        load: async () => (await import('./container-encapsulate.ts')).addComposeContainerEncapsulate,
      },
    ],
  },
  {
    name: 'mirror',
    description: 'images that serve their own repository',
    verbs: [
      { names: ['build'], load: async () => (await import('./mirror-build.ts')).addMirrorBuild },
      { names: ['wrap'], load: async () => (await import('./mirror-wrap.ts')).addMirrorWrap },
      { names: ['warm'], load: async () => (await import('./mirror-warm.ts')).addMirrorWarm },
      { names: ['runtime'], load: async () => (await import('./mirror-runtime.ts')).addMirrorRuntime },
    ],
  },
  {
    name: 'snapshot',
    description: 'images of whole repositories, to carry and to serve',
    verbs: [
      { names: ['create'], load: async () => (await import('./snapshot-create.ts')).addSnapshotCreate },
      { names: ['extract'], load: async () => (await import('./snapshot-extract.ts')).addSnapshotExtract },
      { names: ['info'], load: async () => (await import('./snapshot-info.ts')).addSnapshotInfo },
      { names: ['list'], load: async () => (await import('./snapshot-list.ts')).addSnapshotList },
      { names: ['diff'], load: async () => (await import('./snapshot-diff.ts')).addSnapshotDiff },
      { names: ['verify'], load: async () => (await import('./snapshot-verify.ts')).addSnapshotVerify },
      { names: ['export'], load: async () => (await import('./snapshot-export.ts')).addSnapshotExport },
    ],
  },
  {
    name: 'summary',
    description: 'the summary of a repository',
    verbs: [{ names: ['update'], load: async () => (await import('./summary-update.ts')).addSummaryUpdate }],
  },
  {
    name: 'sign',
    description: 'signatures of commits and of the summary',
    verbs: [
      { names: ['commit'], brief: true, load: async () => (await import('./sign-commit.ts')).addSignCommit },
      {
        names: ['summary'],
        brief: true,
        load: async () => (await import('./sign-summary.ts')).addSignSummary,
      },
      { names: ['verify'], brief: true, load: async () => (await import('./sign-verify.ts')).addSignVerify },
      { names: ['list'], brief: true, load: async () => (await import('./sign-list.ts')).addSignList },
      { names: ['delete'], brief: true, load: async () => (await import('./sign-delete.ts')).addSignDelete },
      { names: ['keygen'], brief: true, load: async () => (await import('./sign-keygen.ts')).addSignKeygen },
    ],
  },
  {
    name: 'delta',
    description: 'static deltas of commits',
    verbs: [
      { names: ['list'], brief: true, load: async () => (await import('./delta-list.ts')).addDeltaList },
      { names: ['show'], brief: true, load: async () => (await import('./delta-show.ts')).addDeltaShow },
      { names: ['verify'], load: async () => (await import('./delta-verify.ts')).addDeltaVerify },
      { names: ['apply'], load: async () => (await import('./delta-apply.ts')).addDeltaApply },
      { names: ['generate'], load: async () => (await import('./delta-generate.ts')).addDeltaGenerate },
      { names: ['maintain'], load: async () => (await import('./delta-maintain.ts')).addDeltaMaintain },
    ],
  },
  {
    name: 'packages',
    description: 'packages of commits: rpm, dpkg and others',
    verbs: [
      { names: ['list'], load: async () => (await import('./packages-list.ts')).addPackagesList },
      { names: ['diff'], load: async () => (await import('./packages-diff.ts')).addPackagesDiff },
      { names: ['owner'], load: async () => (await import('./packages-owner.ts')).addPackagesOwner },
    ],
  },
  {
    name: 'tar',
    description: 'commits as tar streams',
    verbs: [
      { names: ['export'], load: async () => (await import('./tar-export.ts')).addTarExport },
      { names: ['import'], load: async () => (await import('./tar-import.ts')).addTarImport },
    ],
  },
];

const HELP: Verb = {
  names: ['help'],
  brief: true,
  whole: true,
  load: async () => (await import('./help.ts')).addHelp,
};

/** The verbs outside any group, listed after the groups. */
const VERBS: readonly Verb[] = [
  { names: ['diff'], brief: true, load: async () => (await import('./diff.ts')).addDiff },
  { names: ['serve'], load: async () => (await import('./serve.ts')).addServe },
  { names: ['demo'], load: async () => (await import('./demo.ts')).addDemo },
  HELP,
  {
    names: ['completion'],
    brief: true,
    whole: true,
    load: async () => (await import('./completion.ts')).addCompletion,
  },
];

/**
 * Builds the tree, or only the verb that `args` start with, if they do.
 * Commander throws CommanderError instead of exiting; it prints no errors.
 */
export async function buildProgram(args: readonly string[] = []): Promise<Command> {
  const program = new Command('treeport')
    .description('Ship ostree commits as OCI images that serve themselves, and bring them back verified.')
    .version(VERSION, '-v, --version')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  const { groups, verbs } = neededFor(args);
  for (const { name, description, verbs } of groups) {
    const group = program.command(name).description(description).helpCommand(false);
    await addVerbs(group, verbs);
  }
  await addVerbs(program, verbs);
  return program.hook('preAction', async (_, verb) => {
    const { progress } = verb.opts<{ readonly progress?: ProgressStyle }>();
    if (progress !== undefined) (await import('./progress.ts')).chooseProgress(progress);
  });
}

async function addVerbs(parent: Command, verbs: readonly Verb[]): Promise<void> {
  for (const { load } of verbs) (await load())(parent);
  if (verbs.length > 0) addProgressOption(parent, (await import('./options.ts')).progressOption);
}

/** Verbs that can be quiet show progress otherwise. */
function addProgressOption(command: Command, progressOption: () => Option): void {
  for (const child of command.commands) addProgressOption(child, progressOption);
  const has = (name: string) => command.options.some(({ long }) => long === name);
  if (has('--quiet') && !has('--progress')) command.addOption(progressOption());
}

function neededFor(args: readonly string[]): { groups: readonly Group[]; verbs: readonly Verb[] } {
  const [first, second] = args;
  const verbs = named(VERBS, first);
  if (verbs.length > 0 && !verbs.some(({ whole }) => whole)) return { groups: [], verbs };
  const group = GROUPS.find(({ name }) => name === first);
  const inGroup = named(group?.verbs ?? [], second);
  if (group !== undefined && inGroup.length > 0) return { groups: [{ ...group, verbs: inGroup }], verbs: [] };
  if (first === '--version' || first === '-v') return { groups: [], verbs: [] };
  if (first === HELP.names[0] && second !== undefined) {
    const needed = neededFor(args.slice(1));
    return { ...needed, verbs: [...new Set([...needed.verbs, HELP])] };
  }
  return { groups: GROUPS, verbs: VERBS };
}

function named(verbs: readonly Verb[], word: string | undefined): readonly Verb[] {
  return verbs.filter(({ names }) => names.some((name) => name === word));
}

/** Whether the verb that `args` name is brief. Help is brief, too. */
export function isBrief(args: readonly string[]): boolean {
  const { groups, verbs } = neededFor(args);
  if (groups === GROUPS || args[0] === HELP.names[0]) return true;
  return [...groups.flatMap((group) => group.verbs), ...verbs].every(({ brief }) => brief);
}
