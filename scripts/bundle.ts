/**
 * Bundles the programs into few files, so that they start fast. bundle.ts --if-older does nothing if no
 * source is newer.
 *
 * - dist/app, the folder that mirror images run: treeport.mjs, which starts server.cjs (the server and its
 *   packages) with its code cache (code-cache.ts), the web page's assets, and LICENSES.txt with the licences
 *   of the packages.
 * - dist/bin, the `treeport` command: treeport.js, which loads the file of the called verb. Shared code is in
 *   chunks of
 *   its own, and the worker threads are in the same folder.
 *
 * Identifiers are kept, so that stack traces in logs are readable.
 */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';

const ROOT = join(import.meta.dirname, '..');
const DIST = join(ROOT, 'dist');
const ASSETS = join(ROOT, 'src/server/assets');
/** CommonJS packages `require` Node's built-in modules. The imported name must not collide with ours. */
const BANNER =
  "import { createRequire as requireOfBundle } from 'node:module'; const require = requireOfBundle(import.meta.url);";

type Bundle = {
  /** Below dist/. */
  readonly folder: string;
  readonly main: string;
  readonly parts: readonly BuildOptions[];
};

const MODULE: BuildOptions = { format: 'esm', banner: { js: BANNER } };
/** V8's code cache works for scripts, and `require` loads built-in modules when they are used. */
const SCRIPT: BuildOptions = {
  format: 'cjs',
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  define: { 'import.meta.url': 'importMetaUrl', 'import.meta.dirname': '__dirname' },
};

const BUNDLES: readonly Bundle[] = [
  {
    folder: 'app',
    main: 'treeport.mjs',
    parts: [
      { ...MODULE, entryPoints: { treeport: 'src/runtime-start.ts' }, outExtension: { '.js': '.mjs' } },
      { ...SCRIPT, entryPoints: { server: 'src/runtime-app.ts' }, outExtension: { '.js': '.cjs' } },
    ],
  },
  {
    folder: 'bin',
    main: 'treeport.js',
    parts: [{ ...MODULE, entryPoints: { treeport: 'src/cli.ts', ...threads() }, splitting: true }],
  },
];

/** The entry points of the worker threads, under the names that `Thread` uses. */
function threads(): Record<string, string> {
  const files = globSync('src/**/*-{thread,worker}.ts', { cwd: ROOT });
  return Object.fromEntries(files.map((file) => [basename(file, '.ts'), file]));
}

async function bundle({ folder, parts }: Bundle): Promise<void> {
  const target = join(DIST, folder);
  const made = `${target}.${process.pid}`;
  mkdirSync(made, { recursive: true });
  const inputs: string[] = [];
  for (const part of parts) inputs.push(...(await buildPart(part, made)));
  cpSync(ASSETS, join(made, 'assets'), { recursive: true });
  writeFileSync(join(made, 'LICENSES.txt'), licences(inputs));
  if (folder === 'app') {
    const flags = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'code-cache.ts')];
    execFileSync(process.execPath, [...flags, made], { stdio: 'inherit' });
  }
  rmSync(target, { recursive: true, force: true });
  renameSync(made, target);
}

/** Writes the files of one part into `folder`; returns the sources it was made from. */
async function buildPart(options: BuildOptions, folder: string): Promise<readonly string[]> {
  const { outputFiles, metafile } = await build({
    ...options,
    outdir: folder,
    bundle: true,
    platform: 'node',
    target: 'node24',
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    external: ['koffi'],
    metafile: true,
    write: false,
    logLevel: 'warning',
    absWorkingDir: ROOT,
  });
  for (const { path, contents } of outputFiles) writeFileSync(join(folder, basename(path)), contents);
  return Object.keys(metafile.inputs);
}

/**
 * The licence texts of the packages that these files belong to; paths are relative to the project's folder.
 */
function licences(inputs: readonly string[]): string {
  const packages = new Set(
    inputs.flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  const texts = [...packages].toSorted().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
    const files = globSync('{licen[sc]e,LICEN[SC]E,Licen[sc]e,COPYING,NOTICE}*', {
      cwd: join(ROOT, folder),
    }).toSorted();
    const text = files.map((file) => readFileSync(join(ROOT, folder, file), 'utf8').trim()).join('\n\n');
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}

function isOlder({ folder, main }: Bundle): boolean {
  const built = statSync(join(DIST, folder, main), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = [
    ...globSync(join(ROOT, 'src/**/*')),
    join(ROOT, 'package-lock.json'),
    import.meta.filename,
  ];
  return sources.some((path) => statSync(path).mtimeMs > built);
}

for (const each of BUNDLES) if (process.argv[2] !== '--if-older' || isOlder(each)) await bundle(each);
