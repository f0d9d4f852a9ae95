/**
 * Which component has which path and object in `--packing stable`. What an update replaces as a whole is a
 * component, whoever owns its files: the kernel has the modules and boot files of all its packages. An object
 * of several components belongs to a package if any path does, and then to the one that changes least; if it
 * is small, it is unpackaged content, and so is what is empty, since any package may come to have it.
 */
import type { CommitFiles } from '../../packages/commit-files.ts';
import type { Package } from '../../packages/package.ts';
import type { CommitOwnership } from '../../packages/read-packages.ts';
import type { ComponentFacts } from './component.ts';
import type { Homes } from './homes.ts';
import {
  CONFIGURATION,
  databaseFacts,
  kernelFacts,
  stableInitramfsFacts,
  stablePackageFacts,
  UNOWNED,
  unownedFacts,
} from './stable-facts.ts';

const MODULES = '/usr/lib/modules';
/** Where builders put the files of kernels, with a checksum behind the name in ostree's own places. */
const BOOT =
  /^\/(?:boot|usr\/lib\/ostree-boot)\/(vmlinuz|config|System\.map|initrd\.img|initramfs)-(.+?)(?:\.img)?(?:-[0-9a-f]{64})?$/;
const INITRAMFS = new Set(['initrd.img', 'initramfs', 'initramfs.img', 'initrd']);
/** rpm-ostree's copy of the database, as the commit was composed. */
const BASE_DATABASE = '/usr/lib/sysimage/rpm-ostree-base-db/';
const ETC = /^\/(?:usr\/)?etc\//;
/** Smaller directories of unpackaged content share a component. */
const OWN_COMPONENT_BYTES = 1024 * 1024;
/**
 * Objects of several components up to this size, such as empty files and links, are in the unpackaged
 * content, which changes anyway: each path that comes or goes would change the layer of a package.
 */
const SHARED_BYTES = 4096;
/** Of a kernel that no package owns, a year. */
const USUAL_KERNEL_RATE = 15;

export async function stableHomes(
  ownership: CommitOwnership,
  rate: (one: Package) => number,
): Promise<Homes> {
  const facts = stablePackageFacts(ownership.packages, rate);
  const kernels = await kernelHomes(ownership, rate);
  const database = await databaseDirectory(ownership);
  const databaseHome = databaseFacts(ratesOfSources(ownership.packages, rate));
  const records = recordHomes(ownership, facts);
  const unowned = await unownedHomes(ownership);
  return {
    fixed: () => undefined,
    of: (path) => {
      const kernel = kernels(path);
      if (kernel !== undefined) return kernel;
      const recorded = records.get(path);
      if (recorded !== undefined) return recorded;
      if ((database !== undefined && path.startsWith(database)) || path.startsWith(BASE_DATABASE))
        return databaseHome;
      const owner = ownership.owners.get(path);
      // Alternatives change hands when other packages come.
      const owned = owner !== undefined && owner.why !== 'alternative';
      const home = owned ? facts.get(owner.packages[0]) : undefined;
      if (home !== undefined) return home;
      return ETC.test(path) ? CONFIGURATION : (unowned.get(directoryOf(path)) ?? UNOWNED);
    },
    choose: (placed, checksum) => {
      if (ownership.blank.has(checksum)) return UNOWNED;
      const homes = placed.map(({ home }) => home);
      const size = ownership.sizes.get(checksum) ?? 0;
      if (size <= SHARED_BYTES && new Set(homes).size > 1) return UNOWNED;
      return homes.reduce((best, home) => (before(home, best) ? home : best));
    },
  };
}

function before(a: ComponentFacts, b: ComponentFacts): boolean {
  const byKind = Number(a.kind !== 'package') - Number(b.kind !== 'package');
  const byRate = rateClass(a) - rateClass(b);
  return (byKind || byRate || (a.key < b.key ? -1 : 1)) < 0;
}

/** In classes, because with each other owner two layers change: rates that vary a little must not matter. */
function rateClass({ changeRate }: ComponentFacts): number {
  return Math.round(Math.log2(changeRate) / 2);
}

type KernelHome = (path: string) => ComponentFacts | undefined;

/** A kernel is a directory of modules. */
async function kernelHomes(
  { files, owners }: CommitOwnership,
  rate: (one: Package) => number,
): Promise<KernelHome> {
  const modules = await files.directory(MODULES);
  const known = new Map<string, { readonly kernel: ComponentFacts; readonly initramfs: ComponentFacts }>();
  for (const [version] of modules?.directories ?? []) {
    const rates = await ownerRates(files, `${MODULES}/${version}`, owners, rate);
    known.set(version, {
      kernel: kernelFacts(version, rates.length === 0 ? USUAL_KERNEL_RATE : Math.max(...rates)),
      initramfs: stableInitramfsFacts(version),
    });
  }
  const prefix = `${modules?.path}/`;
  return (path) => {
    const below = path.startsWith(prefix) ? path.slice(prefix.length).split('/') : undefined;
    const [, name, version] = below === undefined ? (BOOT.exec(path) ?? []) : [path, below[1], below[0]];
    const found = known.get(version ?? '');
    if (found === undefined) return undefined;
    const isInitramfs = INITRAMFS.has(name ?? '') && (below === undefined || below.length === 2);
    return isInitramfs ? found.initramfs : found.kernel;
  };
}

/** Of the packages that own the kernel or the lists of its modules. */
async function ownerRates(
  files: CommitFiles,
  directory: string,
  owners: CommitOwnership['owners'],
  rate: (one: Package) => number,
): Promise<readonly number[]> {
  const found = await files.directory(directory);
  return [...(found?.files.values() ?? [])].flatMap(({ path }) => owners.get(path)?.packages.map(rate) ?? []);
}

/** With a `/` at its end; the database is a file of its own directory, or a directory. */
async function databaseDirectory({ database, files }: CommitOwnership): Promise<string | undefined> {
  if (database?.path.startsWith('/') !== true) return undefined;
  const directory = await files.directory(database.path);
  return directory === undefined
    ? database.path.slice(0, database.path.lastIndexOf('/') + 1)
    : `${directory.path}/`;
}

/** Files of the database that change with one package alone. */
function recordHomes(
  { database, packages }: CommitOwnership,
  facts: ReadonlyMap<Package, ComponentFacts>,
): ReadonlyMap<string, ComponentFacts | undefined> {
  return new Map(
    packages.flatMap((one) =>
      (database?.recordsOf?.(one) ?? []).map((path) => [path, facts.get(one)] as const),
    ),
  );
}

function ratesOfSources(packages: readonly Package[], rate: (one: Package) => number): Iterable<number> {
  return new Map(packages.map((one) => [one.source, rate(one)])).values();
}

/** Components of the directories with much unpackaged content. */
async function unownedHomes({ files, owners, sizes }: CommitOwnership) {
  const bytes = new Map<string, number>();
  for await (const { path, checksum } of files.all()) {
    if (owners.has(path)) continue;
    const directory = directoryOf(path);
    bytes.set(directory, (bytes.get(directory) ?? 0) + (sizes.get(checksum) ?? 0));
  }
  const large = [...bytes].filter(([, size]) => size >= OWN_COMPONENT_BYTES);
  return new Map(large.map(([directory]) => [directory, unownedFacts(directory)]));
}

/** The first two directories of a path, and a third below /usr. */
function directoryOf(path: string): string {
  const names = path.split('/').slice(1, -1);
  return `/${names.slice(0, names[0] === 'usr' ? 3 : 2).join('/')}`;
}
