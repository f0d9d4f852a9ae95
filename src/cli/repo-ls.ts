import type { Command } from 'commander';
import { print, read } from '../gvariant/index.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { PERMISSIONS, parseDirmeta } from '../ostree/dirmeta.ts';
import { parseDirtree } from '../ostree/dirtree.ts';
import { isSymlink } from '../ostree/file-header.ts';
import { lookUp } from '../ostree/lookup.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import { loadCommit, resolveRevision } from '../ostree/revision.ts';
import type { TreeRoot } from '../ostree/tree-roots.ts';
import { type TreeVisit, walkTree } from '../ostree/walk.ts';
import { serializeXattrs, XATTRS_TYPE } from '../ostree/xattrs.ts';
import { openRepo } from './open-repo.ts';
import { jsonOption, repoOption } from './options.ts';
import { printJsonArray, printNames, shownName, writeOut } from './output.ts';
import { lsDocument } from './repo-ls-json.ts';

type LsOptions = {
  readonly repo: string;
  readonly dironly?: boolean;
  readonly recursive?: boolean;
  readonly checksum?: boolean;
  readonly xattrs?: boolean;
  readonly nulFilenamesOnly?: boolean;
  readonly json?: boolean;
};

export function addRepoLs(group: Command): void {
  group
    .command('ls')
    .description('list files of a commit as `ostree ls` does: type and mode, uid, gid, size, path')
    .argument('<revision>', 'a ref, commit or REF^')
    .argument('[path...]', 'files or directories in the commit', ['/'])
    .addOption(repoOption())
    .option('-d, --dironly', 'list directories themselves, not their contents')
    .option('-R, --recursive', 'list directories recursively')
    .option('-C, --checksum', 'print the checksum of each file, or of dirtree and dirmeta')
    .option('-X, --xattrs', 'print extended attributes')
    .option('--nul-filenames-only', 'print only the paths, each terminated by NUL')
    .addOption(jsonOption().conflicts('nulFilenamesOnly'))
    .action(list);
}

async function list(revision: string, paths: readonly string[], options: LsOptions): Promise<void> {
  const repo = await openRepo(options.repo);
  const commit = await loadCommit(repo, await resolveRevision(repo, revision));
  const root = { tree: commit.rootTree, meta: commit.rootMeta };
  const visits = visitPaths(repo.objects, root, { ...options, paths });
  if (options.json) return printJsonArray(documents(repo.objects, visits));
  for await (const visit of visits) await printVisit(repo.objects, visit, options);
}

async function* documents(source: ObjectSource, visits: AsyncIterable<TreeVisit>): AsyncGenerator<object> {
  for await (const visit of visits) yield lsDocument(source, visit);
}

async function* visitPaths(
  source: ObjectSource,
  root: TreeRoot,
  { paths, ...options }: LsOptions & { readonly paths: readonly string[] },
): AsyncGenerator<TreeVisit> {
  for (const path of paths) {
    const found = await lookUp(source, root, path);
    if (found.kind === 'file') yield found;
    else yield* visitDirectory(source, found, options);
  }
}

async function* visitDirectory(
  source: ObjectSource,
  directory: TreeRoot & { readonly path: string },
  options: LsOptions,
): AsyncGenerator<TreeVisit> {
  if (options.recursive && !options.dironly) {
    yield* walkTree(source, directory, directory.path);
    return;
  }
  const entries = parseDirtree(await source.metadata('dirtree', directory.tree));
  yield { kind: 'directory', ...directory };
  if (options.dironly) return;
  const prefix = directory.path === '/' ? '/' : `${directory.path}/`;
  for (const { name, checksum } of entries.files) yield { kind: 'file', path: prefix + name, checksum };
  for (const { name, tree, meta } of entries.directories) {
    yield { kind: 'directory', path: prefix + name, tree, meta };
  }
}

async function printVisit(source: ObjectSource, visit: TreeVisit, options: LsOptions): Promise<void> {
  if (options.nulFilenamesOnly) return writeOut(`${visit.path}\0`);
  return printNames(
    visit.kind === 'file'
      ? await fileLine(source, visit, options)
      : await directoryLine(source, visit, options),
  );
}

async function fileLine(
  source: ObjectSource,
  visit: TreeVisit & { kind: 'file' },
  options: LsOptions,
): Promise<string> {
  const { header, size } = await source.content(visit.checksum);
  const link = isSymlink(header);
  const path = [visit.path, ...(link ? [header.target] : [])].map(shownName).join(' -> ');
  const attributes = { type: link ? 'l' : '-', ...header, size, checksums: [visit.checksum] };
  return line(attributes, header.xattrs, path, options);
}

async function directoryLine(
  source: ObjectSource,
  visit: TreeVisit & { kind: 'directory' },
  options: LsOptions,
): Promise<string> {
  const meta = parseDirmeta(await source.metadata('dirmeta', visit.meta));
  return line(
    { type: 'd', ...meta, size: 0, checksums: [visit.tree, visit.meta] },
    serializeXattrs(meta.xattrs),
    shownName(visit.path),
    options,
  );
}

type ListedEntry = {
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly checksums: readonly Checksum[];
};

function line(entry: ListedEntry, xattrs: Uint8Array, path: string, options: LsOptions): string {
  const mode = (entry.mode & PERMISSIONS).toString(8).padStart(5, '0');
  const columns = [`${entry.type}${mode} ${entry.uid} ${entry.gid} ${String(entry.size).padStart(6)}`];
  if (options.checksum) columns.push(...entry.checksums);
  if (options.xattrs) columns.push(`{ ${print(XATTRS_TYPE, read(XATTRS_TYPE, xattrs))} }`);
  return [...columns, path].join(' ');
}
