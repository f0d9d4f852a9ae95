/**
 * Packages for systems without npm: the bundled command with the runtime it runs on, in one directory that
 * needs nothing but libostree and skopeo of the system.
 *
 *     bin/treeport                     starts the command with the runtime's Node
 *     dist/bin, dist/app               the command, and the server of mirror images
 *     node_modules/treeport-runtime-*  Node, and what images get
 *     node_modules/koffi               leads to that of the runtime
 *
 * Manual pages and completion scripts (dist/share) are where the system looks, in archives in share/.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runtimePackageName } from '../src/base/package-directory.ts';
import { VERSION } from '../src/base/version.ts';
import { goArchitecture } from '../src/oci/model/platform.ts';

const ROOT = join(import.meta.dirname, '..');
const { description, homepage } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly description: string;
  readonly homepage: string;
};
/** The address in a Maintainer field may be that of the project. */
const HOME = homepage.replace(/#.*/, '');
const DEPENDS = ['libc6 (>= 2.36)', 'libgcc-s1', 'libostree-1-1 (>= 2022.7)', 'libstdc++6', 'skopeo'];

/** A package of Debian for an architecture (npm's name) in `target`; its path. */
export function packDebian(architecture: string, target: string): string {
  return inFolder((folder) => {
    writeTree(join(folder, 'usr/lib/treeport'), architecture);
    mkdirSync(join(folder, 'usr/bin'));
    symlinkSync('../lib/treeport/bin/treeport', join(folder, 'usr/bin/treeport'));
    cpSync(join(ROOT, 'dist/share'), join(folder, 'usr/share'), { recursive: true });
    renameSync(
      join(folder, 'usr/share/zsh/site-functions'),
      join(folder, 'usr/share/zsh/vendor-completions'),
    );
    execFileSync('gzip', ['-9nr', join(folder, 'usr/share/man')]);
    const documents = join(folder, 'usr/share/doc/treeport');
    mkdirSync(documents, { recursive: true });
    cpSync(join(ROOT, 'README.md'), join(documents, 'README.md'));
    cpSync(join(ROOT, 'LICENSE'), join(documents, 'copyright'));
    write(join(folder, 'DEBIAN/control'), control(architecture, folder));
    const file = join(target, `treeport_${VERSION}_${goArchitecture(architecture)}.deb`);
    settle(folder);
    execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '-z2', '--build', folder, file], {
      env: { ...process.env, SOURCE_DATE_EPOCH: epoch() },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return file;
  });
}

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

function inFolder(work: (folder: string) => string): string {
  const folder = mkdtempSync(join(tmpdir(), 'treeport-pack-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function writeTree(target: string, architecture: string): void {
  const runtime = runtimePackageName(architecture);
  for (const folder of ['dist/bin', 'dist/app'])
    cpSync(join(ROOT, folder), join(target, folder), { recursive: true });
  for (const path of ['package.json', 'runtime'])
    cpSync(join(ROOT, 'packages', runtime, path), join(target, 'node_modules', runtime, path), {
      recursive: true,
    });
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

function control(architecture: string, folder: string): string {
  const size = execFileSync('du', ['-sk', '--apparent-size', join(folder, 'usr')], { encoding: 'utf8' });
  return [
    'Package: treeport',
    `Version: ${VERSION}`,
    `Architecture: ${goArchitecture(architecture)}`,
    `Maintainer: The treeport authors <${HOME}>`,
    `Installed-Size: ${Number.parseInt(size, 10)}`,
    `Depends: ${DEPENDS.join(', ')}`,
    'Section: admin',
    'Priority: optional',
    `Homepage: ${HOME}`,
    `Description: ${description}`,
    ' The command treeport, with the Node that it runs on and that images get.',
    '',
  ].join('\n');
}

function write(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
}

/** Modes that do not depend on the umask of whoever packs. */
function settle(folder: string): void {
  execFileSync('chmod', ['-R', 'u=rwX,go=rX', folder]);
}

/** Seconds: when the last change was made. */
function epoch(): string {
  if (process.env.SOURCE_DATE_EPOCH) return process.env.SOURCE_DATE_EPOCH;
  return execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: ROOT, encoding: 'utf8' }).trim();
}
