/**
 * Packages of Debian, of the tree that pack-system.ts makes: the command with the runtime of the machine's
 * architecture, with manual pages and completion scripts (dist/share) where the system looks; and the runtime
 * of another architecture, which is installed beside it to make images for that.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { runtimePackageName } from '../src/base/package-directory.ts';
import { VERSION } from '../src/base/version.ts';
import { goArchitecture } from '../src/oci/model/platform.ts';
import { copyRuntime, epoch, inFolder, settle, write, writeTree } from './pack-system.ts';

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
    return buildDebian(folder, target, {
      package: 'treeport',
      architecture,
      depends: DEPENDS.join(', '),
      description: [description, 'The command treeport, with the Node that it runs on and that images get.'],
    });
  });
}

/**
 * A package for machines of one architecture (npm's name) with what images for another run with; its path.
 * {@link packDebian}'s has the runtime of its own architecture.
 */
export function packDebianRuntime(architecture: string, ofImages: string, target: string): string {
  return inFolder((folder) => {
    const name = runtimePackageName(ofImages);
    copyRuntime(join(folder, 'usr/lib/treeport'), ofImages);
    const documents = join(folder, 'usr/share/doc', name);
    mkdirSync(documents, { recursive: true });
    cpSync(join(ROOT, 'packages', name, 'runtime/NOTICE'), join(documents, 'copyright'));
    return buildDebian(folder, target, {
      package: name,
      architecture,
      depends: `treeport (= ${VERSION})`,
      description: [
        `What mirror images for ${goArchitecture(ofImages)} run with`,
        `treeport puts it into images that it makes with --arch ${goArchitecture(ofImages)}.`,
      ],
    });
  });
}

type DebianFields = {
  readonly package: string;
  /** npm's name. */
  readonly architecture: string;
  readonly depends: string;
  /** In a line, and in a sentence. */
  readonly description: readonly [string, string];
};

/** Packs the folder; the path. */
function buildDebian(folder: string, target: string, fields: DebianFields): string {
  write(join(folder, 'DEBIAN/control'), control(folder, fields));
  const file = join(target, `${fields.package}_${VERSION}_${goArchitecture(fields.architecture)}.deb`);
  settle(folder);
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '-z2', '--build', folder, file], {
    env: { ...process.env, SOURCE_DATE_EPOCH: epoch() },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return file;
}

function control(folder: string, fields: DebianFields): string {
  const size = execFileSync('du', ['-sk', '--apparent-size', join(folder, 'usr')], { encoding: 'utf8' });
  return [
    `Package: ${fields.package}`,
    `Version: ${VERSION}`,
    `Architecture: ${goArchitecture(fields.architecture)}`,
    `Maintainer: The treeport authors <${HOME}>`,
    `Installed-Size: ${Number.parseInt(size, 10)}`,
    `Depends: ${fields.depends}`,
    'Section: admin',
    'Priority: optional',
    `Homepage: ${HOME}`,
    `Description: ${fields.description[0]}`,
    ` ${fields.description[1]}`,
    '',
  ].join('\n');
}
