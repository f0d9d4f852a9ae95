/**
 * The tree of commands, one file per verb. A verb file exports one function that adds its command to the
 * group it is given; the action imports what is heavy. A command line loads the file of its own verb only, as every
 * module costs time at each start (docs/decisions/0054-start-up.md). docs/cli.md is generated from this tree.
 */
import { Command } from 'commander';
import { VERSION } from '../base/version.ts';

type Verb = {
  /** Its name and aliases. */
  readonly words: readonly string[];
  /** Loads its file; gives the function that adds it. */
  readonly load: () => Promise<(parent: Command) => void>;
  /** It reads a few objects and ends, and needs no set-up for long streams. */
  readonly brief?: true;
};

type Group = { readonly name: string; readonly description: string; readonly verbs: readonly Verb[] };

const GROUPS: readonly Group[] = [
  {
    name: 'repo',
    description: 'read and check an ostree repository of any mode',
    verbs: [
      { words: ['ls'], brief: true, load: async () => (await import('./repo-ls.ts')).addRepoLs },
      { words: ['show'], brief: true, load: async () => (await import('./repo-show.ts')).addRepoShow },
      { words: ['cat'], load: async () => (await import('./repo-cat.ts')).addRepoCat },
      { words: ['log'], brief: true, load: async () => (await import('./repo-log.ts')).addRepoLog },
      { words: ['refs'], brief: true, load: async () => (await import('./repo-refs.ts')).addRepoRefs },
      { words: ['fsck'], load: async () => (await import('./repo-fsck.ts')).addRepoFsck },
    ],
  },
  {
    name: 'container',
    description: 'commits as OCI images',
    verbs: [
      {
        words: ['encapsulate', 'export'],
        load: async () => (await import('./container-encapsulate.ts')).addContainerEncapsulate,
      },
      {
        words: ['export-oci'],
        load: async () => (await import('./container-encapsulate.ts')).addContainerExportOci,
      },
      {
        words: ['unencapsulate', 'import'],
        load: async () => (await import('./container-unencapsulate.ts')).addContainerUnencapsulate,
      },
      { words: ['info'], load: async () => (await import('./container-info.ts')).addContainerInfo },
      { words: ['compare'], load: async () => (await import('./container-compare.ts')).addContainerCompare },
    ],
  },
  {
    name: 'mirror',
    description: 'images that serve their own repository',
    verbs: [
      { words: ['build'], load: async () => (await import('./mirror-build.ts')).addMirrorBuild },
      { words: ['wrap'], load: async () => (await import('./mirror-wrap.ts')).addMirrorWrap },
      { words: ['runtime'], load: async () => (await import('./mirror-runtime.ts')).addMirrorRuntime },
    ],
  },
  {
    name: 'tar',
    description: 'commits as tar streams',
    verbs: [
      { words: ['export'], load: async () => (await import('./tar-export.ts')).addTarExport },
      { words: ['import'], load: async () => (await import('./tar-import.ts')).addTarImport },
    ],
  },
];

/** The verbs that are in no group, behind the groups. */
const VERBS: readonly Verb[] = [
  { words: ['diff'], brief: true, load: async () => (await import('./diff.ts')).addDiff },
  { words: ['serve'], load: async () => (await import('./serve.ts')).addServe },
  { words: ['demo'], load: async () => (await import('./demo.ts')).addDemo },
];

/**
 * Builds the tree, or what these words of a command line need of it: all, unless they begin with a verb.
 * Commander throws CommanderError where it would end the process; it prints no errors.
 */
export async function buildProgram(words: readonly string[] = []): Promise<Command> {
  const program = new Command('treeport')
    .description('Ship ostree commits as OCI images that serve themselves, and bring them back verified.')
    .version(VERSION)
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  const { groups, verbs } = neededFor(words);
  for (const { name, description, verbs } of groups) {
    const group = program.command(name).description(description).helpCommand(false);
    await addVerbs(group, verbs);
  }
  await addVerbs(program, verbs);
  return program;
}

async function addVerbs(parent: Command, verbs: readonly Verb[]): Promise<void> {
  for (const { load } of verbs) (await load())(parent);
}

function neededFor(words: readonly string[]): { groups: readonly Group[]; verbs: readonly Verb[] } {
  const [first, second] = words;
  const verbs = named(VERBS, first);
  if (verbs.length > 0) return { groups: [], verbs };
  const group = GROUPS.find(({ name }) => name === first);
  const inGroup = named(group?.verbs ?? [], second);
  if (group !== undefined && inGroup.length > 0) return { groups: [{ ...group, verbs: inGroup }], verbs: [] };
  if (first === '--version') return { groups: [], verbs: [] };
  return { groups: GROUPS, verbs: VERBS };
}

function named(verbs: readonly Verb[], word: string | undefined): readonly Verb[] {
  return verbs.filter(({ words }) => words.some((name) => name === word));
}

/** Whether every verb that the words may mean is brief; so is printing help. */
export function isBrief(words: readonly string[]): boolean {
  const { groups, verbs } = neededFor(words);
  if (groups === GROUPS) return true;
  return [...groups.flatMap((group) => group.verbs), ...verbs].every(({ brief }) => brief);
}
