/**
 * Imports an image as an OS by the rules of ostree-ext, with the real `ostree`: the commit of the image, each
 * derived layer filtered and committed, all of them checked out one over the other, and the result committed.
 * The importing program itself is not needed.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { initRepo } from '../../support/ostree-repos.ts';
import { ROOT } from '../../support/project.ts';
import { type Layer, type LayoutImage, unpack } from './layout.ts';
import { must, run } from './run.ts';

const FILTER = join(ROOT, 'test/e2e/support/derived-layer-filter.py');

export const OS_IMPORT_PROGRAMS = ['ostree', 'tar', 'python3'];

export type OsImport = {
  /** The image's commit, and what its merge with the derived layers became. */
  readonly base: ImportedCommit;
  readonly merge: ImportedCommit;
  /** Lines of `ostree diff` from one to the other. */
  readonly diff: string;
  /** What importers warn of as "non-ostree compatible file paths": entries by name, all layers together. */
  readonly dropped: Readonly<Record<string, number>>;
};

type ImportedCommit = { readonly commit: string; readonly contentChecksum: string };

/** Layers up to the one that the label names hold the commit; the others are derived. */
export function splitLayers({ config, layers }: LayoutImage): {
  readonly ostree: readonly Layer[];
  readonly derived: readonly Layer[];
} {
  const final = config.rootfs.diff_ids.indexOf(config.config.Labels?.['ostree.final-diffid'] ?? '');
  if (final < 0) throw new Error('ostree.final-diffid names no layer');
  return { ostree: layers.slice(0, final + 1), derived: layers.slice(final + 1) };
}

/** Imports into a new repository below `folder`; root only, for owners are part of the commit. */
export async function importAsOs(image: LayoutImage, folder: string): Promise<OsImport> {
  await mkdir(folder);
  const { ostree, derived } = splitLayers(image);
  const repo = await initRepo(join(folder, 'repo'), 'bare');
  const base = image.config.config.Labels?.['ostree.commit'] ?? '';
  await unpack(ostree, join(folder, 'root'));
  await must(['ostree', `--repo=${repo}`, 'pull-local', join(folder, 'root/sysroot/ostree/repo'), base]);
  const keepAll = await keepsAllPaths(repo, base);
  const merged = join(folder, 'merged');
  const checkout = ['ostree', `--repo=${repo}`, 'checkout', '-H', '--union'];
  await must([...checkout, base, merged]);
  const dropped: Record<string, number> = {};
  for (const [index, layer] of derived.entries()) {
    const tar = join(folder, `derived-${index}.tar`);
    for (const [name, count] of Object.entries(await filterLayer(layer, tar, keepAll))) {
      dropped[name] = (dropped[name] ?? 0) + count;
    }
    const options = ['--no-bindings', '--tar-autocreate-parents', `--branch=derived-${index}`];
    const commit = await must(['ostree', `--repo=${repo}`, 'commit', `--tree=tar=${tar}`, ...options]);
    await must([...checkout, '--whiteouts', commit, merged]);
  }
  const merge = await must([
    ...['ostree', `--repo=${repo}`, 'commit', '--orphan', '--link-checkout-speedup'],
    ...[`--parent=${base}`, `--tree=dir=${merged}`],
  ]);
  return {
    base: await described(repo, base),
    merge: await described(repo, merge),
    diff: await must(['ostree', `--repo=${repo}`, 'diff', base, merge]),
    dropped,
  };
}

/** True if the OS has composefs or a transient root: importers then keep every path of derived layers. */
async function keepsAllPaths(repo: string, commit: string): Promise<boolean> {
  for (const path of ['/etc/ostree/prepare-root.conf', '/usr/lib/ostree/prepare-root.conf']) {
    const { status, stdout } = await run(['ostree', `--repo=${repo}`, 'cat', commit, path]);
    if (status !== 0) continue;
    const [, composefs] = /^\[composefs\]\n(?:[^[].*\n)*?enabled *= *(\S+)/m.exec(stdout) ?? [];
    const isTransient = /^\[root\]\n(?:[^[].*\n)*?transient *= *true/m.test(stdout);
    return isTransient || ['yes', 'true', '1', 'maybe', 'signed', 'verity'].includes(composefs ?? '');
  }
  return false;
}

/** Writes what is left of the layer to `target`; returns the dropped entries by name. */
async function filterLayer(
  { path }: Layer,
  target: string,
  keepAll: boolean,
): Promise<Readonly<Record<string, number>>> {
  return JSON.parse(await must(['python3', FILTER, keepAll ? 'all' : 'usr', path, target]));
}

async function described(repo: string, commit: string): Promise<ImportedCommit> {
  const shown = await must(['ostree', `--repo=${repo}`, 'show', commit]);
  return { commit, contentChecksum: /^ContentChecksum: +(\S+)$/m.exec(shown)?.[1] ?? 'none' };
}
