/**
 * Writes refs to a USB stick in the layout of `ostree create-usb` and `flatpak create-usb`, which clients
 * find by themselves (libostree 2022.7, ostree-repo-finder-mount.c; flatpak 1.14, flatpak-dir.c):
 *
 * | path on the stick | what it is |
 * |---|---|
 * | `.ostree/repo` | an archive repository; `find-remotes --finders=mount` and flatpak look there first |
 * | `.ostree/repo/refs/mirrors/<collection id>/<ref>` | the refs, by collection |
 * | `.ostree/repo/refs/heads/<ref>` | the same, for `ostree pull-local`, which knows no collections |
 * | `.ostree/repo/summary` | unsigned; finders demand one, and trust the signatures of commits |
 *
 * A stick that has such a repository gets the refs added, and keeps the others. Objects are on the stick
 * before the refs are. A run that was interrupted is continued, and verifies what it finds, because a stick
 * that is pulled out may have lost what was written last.
 */
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { eachConcurrently } from '../../base/each-concurrently.ts';
import { messageOf, TreeportError, type Warn } from '../../base/errors.ts';
import type { Publication, PublishedRef } from '../../mirror/published-refs.ts';
import { archivePath, type ObjectName } from '../../ostree/object-name.ts';
import { listMirrorRefs } from '../../ostree/refs.ts';
import { openRepository, type Repository } from '../../ostree/repo/open.ts';
import { serializeSummary } from '../../ostree/summary.ts';
import { buildSummary } from '../../ostree/summary-build.ts';
import { reachableObjects, type SeenObjects } from '../../ostree/walk.ts';
import { AT_ONCE, METADATA_ORDER, putObject } from './export-objects.ts';
import { ExportTarget } from './export-target.ts';
import { checkFoldedNames } from './folded-names.ts';
import { NeededSpace } from './needed-space.ts';

export type StickOptions = {
  /** The root of the stick's file system. */
  readonly directory: string;
  readonly publication: Publication;
  /** Makes what was written below the path durable. */
  readonly sync: (path: string) => Promise<void>;
  /** Receives each path below `.ostree/repo` when its file is there. */
  readonly onFile?: (path: string) => void;
  readonly warn: Warn;
};

export type WrittenStick = { readonly written: number; readonly present: number };

const REPO_ON_STICK = '.ostree/repo';

/** ERR_DISK_FULL, ERR_EXPORT_TARGET, ERR_IO, ERR_REPO_CHANGED, and the errors of reading. */
export async function writeStick(repo: Repository, options: StickOptions): Promise<WrittenStick> {
  const { directory, publication, sync, onFile = () => {}, warn } = options;
  const root = existingDirectory(directory);
  await using target = await ExportTarget.openArchive(join(root, REPO_ON_STICK));
  checkFoldedNames(target, publication.refs.flatMap(refPaths));
  const wanted = await objectsOf(repo, publication);
  const space = await NeededSpace.measure(repo, target, wanted);
  space.check();
  const count = { written: 0, present: 0 };
  const put = async (name: ObjectName) => {
    const isWritten = await putObject(repo, target, name, target.wasInterrupted);
    count[isWritten ? 'written' : 'present'] += 1;
    space.written(name);
    onFile(archivePath(name));
  };
  try {
    for (const type of ['file', ...METADATA_ORDER])
      await eachConcurrently(
        wanted.filter((name) => name.type === type),
        AT_ONCE,
        put,
      );
    await sync(target.path);
    await putRefs(target, publication, warn);
    await sync(target.path);
  } catch (error) {
    throw space.explain(error);
  }
  target.complete();
  return count;
}

function existingDirectory(directory: string): string {
  const path = resolve(directory);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return path;
  throw new TreeportError(
    'ERR_EXPORT_TARGET',
    `${path} is no directory; name the one where the stick is mounted`,
  );
}

async function objectsOf(repo: Repository, { commits }: Publication): Promise<readonly ObjectName[]> {
  const wanted: ObjectName[] = [];
  const seen: SeenObjects = new Set();
  for (const checksum of commits) {
    for await (const name of reachableObjects(repo.objects, checksum, seen)) wanted.push(name);
    const detached: ObjectName = { type: 'commitmeta', checksum };
    if (await repo.objects.has(detached)) wanted.push(detached);
  }
  return wanted;
}

async function putRefs(target: ExportTarget, { refs }: Publication, warn: Warn): Promise<void> {
  const others = await listMirrorRefs(await openRepository(target.path), { onDamaged: () => {} });
  for (const ref of refs) {
    const { name, collection, commit } = ref;
    const [other] = [...others].find(([id, theirs]) => id !== collection && theirs.has(name)) ?? [];
    if (other !== undefined)
      warn(`the stick has ${name} of ${other} as well: ostree pull-local finds the one that is written now`);
    const line = Buffer.from(`${commit}\n`);
    for (const path of refPaths(ref)) await target.put(path, line);
    if (collection === undefined)
      warn(`${name} is in no collection: ostree pull-local finds it, but find-remotes and flatpak do not`);
  }
  const stick = await openRepository(target.path);
  const summary = await buildSummary(stick, {
    onSkipped: (ref, _commit, error) => warn(`ref ${ref} of the stick is not listed: ${messageOf(error)}`),
  });
  target.remove('summary.sig');
  await target.put('summary', serializeSummary(summary));
}

function refPaths({ name, collection }: PublishedRef): readonly string[] {
  return [`refs/heads/${name}`, ...(collection === undefined ? [] : [`refs/mirrors/${collection}/${name}`])];
}
