/**
 * Packages for systems without npm: the bundled command with the runtime it runs on, in one directory that
 * needs nothing but libostree and skopeo of the system.
 *
 *     bin/treeport                     starts the command with the runtime's Node
 *     dist/bin, dist/app               the command, and the server of mirror images
 *     node_modules/treeport-runtime-*  Node, and what images get
 *     node_modules/koffi               leads to that of the runtime
 *
 * Here it becomes an archive to be unpacked anywhere, with the manual pages and completion scripts in share/;
 * pack-debian.ts makes packages of it.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runtimePackageName } from '../src/base/package-directory.ts';
import { VERSION } from '../src/base/version.ts';

const ROOT = join(import.meta.dirname, '..');

/** An archive for an architecture (npm's name) in `target`, to be unpacked anywhere; its path. */
export function packTar(architecture: string, target: string): string {
  return inFolder((folder) => {
    const name = `treeport-${VERSION}-linux-${architecture}`;
    writeTree(join(folder, name), architecture);
    cpSync(join(ROOT, 'dist/share'), join(folder, name, 'share'), { recursive: true });
    for (const file of ['README.md', 'LICENSE']) cpSync(join(ROOT, file), join(folder, name, file));
    const file = join(target, `${name}.tar.gz`);
    const plain = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', `--mtime=@${epoch()}`];
    settle(folder);
    execFileSync('tar', ['--use-compress-program=gzip -n', ...plain, '-cf', file, '-C', folder, name]);
    return file;
  });
}

/** The result of `work`, and no folder left. */
export function inFolder(work: (folder: string) => string): string {
  const folder = mkdtempSync(join(tmpdir(), 'treeport-pack-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The command with the runtime it runs on, in `target`. */
export function writeTree(target: string, architecture: string): void {
  const runtime = runtimePackageName(architecture);
  for (const folder of ['dist/bin', 'dist/app'])
    cpSync(join(ROOT, folder), join(target, folder), { recursive: true });
  copyRuntime(target, architecture);
  // Not a link: for ES modules koffi's own package.json names a file that the runtime does not have.
  write(
    join(target, 'node_modules/koffi/package.json'),
    `${JSON.stringify({ name: 'koffi', main: `../${runtime}/runtime/koffi/index.cjs` })}\n`,
  );
  // The threads of the command are ES modules.
  write(
    join(target, 'package.json'),
    `${JSON.stringify({ name: 'treeport', version: VERSION, type: 'module' })}\n`,
  );
  write(
    join(target, 'bin/treeport'),
    `#!/bin/sh
home=$(dirname "$(dirname "$(readlink -f "$0")")")
exec "$home/node_modules/${runtime}/runtime/bin/node" "$home/dist/bin/treeport.cjs" "$@"
`,
    0o755,
  );
}

/** The runtime for an architecture, where a command in `target` finds it. */
export function copyRuntime(target: string, architecture: string): void {
  const runtime = runtimePackageName(architecture);
  for (const path of ['package.json', 'runtime'])
    cpSync(join(ROOT, 'packages', runtime, path), join(target, 'node_modules', runtime, path), {
      recursive: true,
    });
}

export function write(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
}

/** Modes that do not depend on the umask of whoever packs. */
export function settle(folder: string): void {
  execFileSync('chmod', ['-R', 'u=rwX,go=rX', folder]);
}

/** Seconds: when the last change was made. */
export function epoch(): string {
  if (process.env.SOURCE_DATE_EPOCH) return process.env.SOURCE_DATE_EPOCH;
  return execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: ROOT, encoding: 'utf8' }).trim();
}
