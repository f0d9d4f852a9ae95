/**
 * Makes the packages treeport-runtime-linux-*: runtimes.ts [ARCHITECTURE...] (npm's names; both by default).
 * Writes `runtime/` in the folder of each package, which git ignores; does nothing if it is there and no
 * source or pin is newer. Equal pins give equal bytes, on either architecture.
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../src/base/atomic-file.ts';
import { RUNTIME_TOOLS, runtimePackageName } from '../src/base/package-directory.ts';
import { assembleRuntime } from '../src/mirror/runtime/assemble.ts';
import { koffiBinary } from '../src/mirror/runtime/foreign-functions.ts';
import { runtimeNotice } from '../src/mirror/runtime/local-runtime.ts';
import { pathInPackage, RUNTIME_SOURCES, type RuntimeSource } from '../src/mirror/runtime/runtime-package.ts';
import { LIBDEFLATE, TOOL_SOURCES } from '../src/native/deflate/libdeflate.ts';
import { goArchitecture } from '../src/oci/model/platform.ts';
import { debianSources, npmSource, type Source, unpackSource } from './runtime-sources.ts';

const ROOT = join(import.meta.dirname, '..');
/** As npm names them. */
export const RUNTIME_ARCHITECTURES: readonly string[] = ['arm64', 'x64'];

/** Makes the runtime of an architecture (npm's name), unless it is there and newer than its sources. */
export async function makeRuntime(architecture: string): Promise<void> {
  const target = join(ROOT, 'packages', runtimePackageName(architecture), 'runtime');
  if (isNewest(target)) return;
  const work = mkdtempSync(join(tmpdir(), 'treeport-runtimes-'));
  const made = `${target}.${process.pid}`;
  try {
    await assembleInto(made, architecture, work);
    rmSync(target, { recursive: true, force: true });
    renameSync(made, target);
  } finally {
    rmSync(work, { recursive: true });
    rmSync(made, { recursive: true, force: true });
  }
}

async function assembleInto(target: string, architecture: string, work: string): Promise<void> {
  const node = npmSource(`node-linux-${architecture}`);
  const koffi = npmSource('koffi');
  const platform = npmSource(`@koromix/koffi-linux-${architecture}`);
  const packages = debianSources(goArchitecture(architecture));
  const libraries = packages.filter((source) => !isTool(source));
  const folder = (name: string) => join(work, name);
  unpackSource(node, folder('node'));
  unpackSource(koffi, folder('koffi'));
  unpackSource(platform, folder('platform'));
  for (const library of libraries) unpackSource(library, folder('root'));

  const assembled = await assembleRuntime({
    node: { path: join(folder('node'), 'bin/node'), license: join(folder('node'), 'LICENSE') },
    koffi: { directory: folder('koffi'), binary: koffiBinary(folder('platform'), architecture) },
    root: folder('root'),
  });
  if (!assembled.foreign)
    throw new Error(`packages/debian.json lacks a library of koffi for ${architecture}`);
  for (const { path, executable, stream } of assembled.files) {
    const file = join(target, pathInPackage(path));
    mkdirSync(dirname(file), { recursive: true });
    await writeFileAtomic(file, stream());
    chmodSync(file, executable ? 0o755 : 0o644);
  }
  writeSources(join(target, RUNTIME_SOURCES), [node, koffi, platform, ...libraries]);
  const notice = runtimeNotice(
    `v${node.version}`,
    goArchitecture(architecture),
    assembled,
    `of Debian, whose versions ${RUNTIME_SOURCES} lists,`,
  );
  writeFileSync(join(target, 'NOTICE'), notice);
  addTools(join(target, RUNTIME_TOOLS), packages.filter(isTool), work);
}

function isTool({ name }: RuntimeSource): boolean {
  return name.startsWith('libdeflate0:');
}

/** libdeflate, which layers are compressed with. */
function addTools(target: string, sources: readonly Source[], work: string): void {
  const root = join(work, 'tools');
  for (const source of sources) unpackSource(source, root);
  mkdirSync(target);
  const [library = ''] = globSync(`usr/lib/*/${LIBDEFLATE}`, { cwd: root });
  cpSync(join(root, library), join(target, LIBDEFLATE), { dereference: true });
  cpSync(join(root, 'usr/share/doc/libdeflate0/copyright'), join(target, 'libdeflate.txt'));
  writeSources(join(target, TOOL_SOURCES), sources);
}

function writeSources(file: string, sources: readonly RuntimeSource[]): void {
  const facts = sources.map(({ from, name, version, hash }) => ({ from, name, version, hash }));
  writeFileSync(file, `${JSON.stringify(facts, undefined, 2)}\n`);
}

function isNewest(target: string): boolean {
  if (!existsSync(target)) return false;
  const made = statSync(target).mtimeMs;
  const inputs = [
    'package-lock.json',
    'packages/debian.json',
    'scripts/runtime*.ts',
    'src/mirror/runtime/*.ts',
  ];
  return globSync(inputs, { cwd: ROOT }).every((path) => statSync(join(ROOT, path)).mtimeMs <= made);
}

if (import.meta.main) {
  const wanted = process.argv.slice(2);
  for (const architecture of wanted.length > 0 ? wanted : RUNTIME_ARCHITECTURES)
    await makeRuntime(architecture);
}
