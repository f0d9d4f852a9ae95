/**
 * Packs the build: pack.ts [--pack-destination DIRECTORY] [--only npm|deb|tar]... Prints the paths:
 *
 *     treeport-VERSION.tgz                        the npm package
 *     treeport-runtime-linux-ARCH-VERSION.tgz     runtimes, its optional dependencies
 *     treeport_VERSION_ARCH.deb                   for Debian 12 and later
 *     treeport-runtime-linux-OTHER_VERSION_ARCH.deb   beside it, for images of the other architecture
 *     treeport-VERSION-linux-ARCH.tar.gz          for other systems with glibc
 *
 * all for x64 and arm64, on either. Equal sources give equal bytes.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runtimePackageName } from '../src/base/package-directory.ts';
import { packDebian, packDebianRuntime } from './pack-debian.ts';
import { packTar } from './pack-system.ts';
import { npm } from './runtime-sources.ts';
import { makeRuntime, RUNTIME_ARCHITECTURES } from './runtimes.ts';

const ROOT = join(import.meta.dirname, '..');
const FORMATS = ['npm', 'deb', 'tar'] as const;

const { values } = parseArgs({
  options: {
    'pack-destination': { type: 'string', default: '.' },
    only: { type: 'string', multiple: true, default: [...FORMATS] },
  },
});
const target = resolve(values['pack-destination']);
const unknown = values.only.find((format) => !(FORMATS as readonly string[]).includes(format));
if (unknown !== undefined) throw new Error(`--only is npm, deb or tar, not ${unknown}`);
mkdirSync(target, { recursive: true });

for (const architecture of RUNTIME_ARCHITECTURES) await makeRuntime(architecture);
if (values.only.includes('npm')) {
  packNpm(ROOT);
  for (const architecture of RUNTIME_ARCHITECTURES) packRuntime(architecture);
}
for (const architecture of RUNTIME_ARCHITECTURES) {
  if (values.only.includes('deb')) {
    console.log(packDebian(architecture, target));
    for (const other of RUNTIME_ARCHITECTURES.filter((each) => each !== architecture))
      console.log(packDebianRuntime(architecture, other, target));
  }
  if (values.only.includes('tar')) console.log(packTar(architecture, target));
}

/** Its package.json gets the fields that a workspace cannot have (docs/decisions/0133). */
function packRuntime(architecture: string): void {
  const name = runtimePackageName(architecture);
  const source = join(ROOT, 'packages', name);
  const copy = mkdtempSync(join(tmpdir(), 'treeport-pack-'));
  try {
    cpSync(source, copy, { recursive: true });
    cpSync(join(source, 'runtime/NOTICE'), join(copy, 'NOTICE'));
    const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
    const platform = { os: ['linux'], cpu: [architecture], libc: ['glibc'] };
    writeFileSync(
      join(copy, 'package.json'),
      `${JSON.stringify({ ...manifest, ...platform }, undefined, 2)}\n`,
    );
    packNpm(copy);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

function packNpm(folder: string): void {
  const name = npm(['pack', '--silent', '--pack-destination', target], folder).trim();
  console.log(join(target, name));
}
