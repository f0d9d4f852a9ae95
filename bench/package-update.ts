/** An update of three packages on a Debian tree: files and records of the package database change. */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { output, run, shell } from './command.ts';

/** Three sources, which change at rates of their own. */
const FILES = ['usr/bin/bash', 'usr/bin/tar', 'usr/lib/x86_64-linux-gnu/libssl.so.3'];
const RECORDS = 'bash|tar|libssl3';
const STATUS = 'usr/lib/sysimage/dpkg/status';
const REF = 'update/packages';

export type PackageUpdate = { readonly repo: string; readonly before: string; readonly after: string };

/** Makes a repository in `folder` that has `parent` below it, and in it the update of its `ref`. */
export async function packageUpdate(folder: string, parent: string, ref: string): Promise<PackageUpdate> {
  const [repo, tree] = [join(folder, 'repo'), join(folder, 'tree')];
  const before = (await output(['ostree', `--repo=${parent}`, 'rev-parse', ref])).trim();
  await run(['ostree', `--repo=${repo}`, 'init', '--mode=archive']);
  await run(['ostree', `--repo=${repo}`, 'config', 'set', 'core.parent', parent]);
  const changed = async (path: string, filter: string) => {
    const target = join(tree, path);
    await mkdir(dirname(target), { recursive: true });
    await run(
      shell(`ostree cat --repo="$1" "$2" "$3" | ${filter} > "$4"`, parent, before, `/${path}`, target),
    );
  };
  for (const path of FILES) await changed(path, '{ cat; echo changed; }');
  await changed(STATUS, `sed -E '/^Package: (${RECORDS})$/,/^$/ s/^(Version: .*)$/\\1+u1/'`);
  const trees = [`--tree=ref=${before}`, `--tree=dir=${tree}`];
  const owner = ['--owner-uid=0', '--owner-gid=0', '--subject=Debian 12'];
  await run(['ostree', `--repo=${repo}`, 'commit', `--branch=${REF}`, ...owner, ...trees]);
  return { repo, before, after: REF };
}
