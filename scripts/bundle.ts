/**
 * Bundles the programs into few files, so that they start fast. bundle.ts --if-older does nothing if no
 * source is newer.
 *
 * - dist/app, the folder that mirror images run: treeport.mjs, which starts server.cjs (the server and its
 *   packages), and part-thread.js, the threads that make parts of virtual deltas.
 * - dist/bin, the `treeport` command: treeport.cjs, which every Node can read and which starts command.cjs
 *   (all verbs and their packages), and the files of the worker threads, with chunks that they share.
 *
 * Both have the code cache of their program (code-cache.ts), the web page's assets, and LICENSES.txt with the
 * licences of the packages.
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
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { threadEntries } from './thread-entries.ts';

const ROOT = join(import.meta.dirname, '..');
const DIST = join(ROOT, 'dist');
/** Of the server, for both programs; of the command. */
const ASSETS = join(ROOT, 'src/server/assets');
const COMMAND_ASSETS = join(ROOT, 'src/cli/assets');
const CODE_CACHE = join(import.meta.dirname, 'code-cache.ts');
/** CommonJS packages `require` Node's built-in modules. The imported name must not collide with ours. */
const BANNER =
  "import { createRequire as requireOfBundle } from 'node:module'; const require = requireOfBundle(import.meta.url);";

type Bundle = {
  /** Below dist/. */
  readonly folder: string;
  readonly main: string;
  /** The part that has a code cache. */
  readonly program: string;
  readonly parts: readonly BuildOptions[];
};

const MODULE: BuildOptions = { format: 'esm', banner: { js: BANNER } };
/** Packages load these built-in modules at once, but use them for options that we do not set. */
const SELDOM_USED = /^node:(?:http2|https|child_process)$/;
const LAZY_BUILTINS: Plugin = {
  name: 'lazy-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: SELDOM_USED }, ({ path, importer }) =>
      /\/node_modules\/(?:fastify|commander)\//.test(importer) ? { path, namespace: 'lazy' } : undefined,
    );
    onLoad({ filter: SELDOM_USED, namespace: 'lazy' }, ({ path }) => ({
      contents: `module.exports = new Proxy({}, { get: (_, name) => process.getBuiltinModule('${path}')[name] });`,
    }));
  },
};

/**
 * V8's code cache works for scripts, and `require` loads built-in modules when they are used. Dynamic imports
 * become calls of it.
 */
const SCRIPT: BuildOptions = {
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  supported: { 'dynamic-import': false },
  plugins: [LAZY_BUILTINS],
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  define: { 'import.meta.url': 'importMetaUrl', 'import.meta.dirname': '__dirname' },
};

/** Old Nodes know their modules without a prefix. */
const BARE_BUILTINS: Plugin = {
  name: 'bare-builtins',
  setup({ onResolve }) {
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path: path.slice('node:'.length), external: true }));
  },
};
/** For every Node. */
const LAUNCHER: BuildOptions = {
  ...SCRIPT,
  target: 'es2015',
  plugins: [BARE_BUILTINS],
  banner: { js: "const importMetaUrl = require('url').pathToFileURL(__filename).href;" },
};

const BUNDLES: readonly Bundle[] = [
  {
    folder: 'app',
    main: 'treeport.mjs',
    program: 'server.cjs',
    parts: [
      { ...MODULE, entryPoints: { treeport: 'src/runtime-start.ts' }, outExtension: { '.js': '.mjs' } },
      { ...SCRIPT, entryPoints: { server: 'src/runtime-app.ts' } },
      { ...MODULE, entryPoints: { 'part-thread': 'src/delta/virtual/part-thread.ts' } },
    ],
  },
  {
    folder: 'bin',
    main: 'treeport.cjs',
    program: 'command.cjs',
    parts: [
      { ...LAUNCHER, entryPoints: { treeport: 'src/cli.ts' }, external: ['./cli/run.ts'] },
      { ...MODULE, entryPoints: threadEntries(), splitting: true },
      { ...SCRIPT, entryPoints: { command: 'src/cli/run.ts' } },
    ],
  },
];

async function bundle({ folder, program, parts }: Bundle): Promise<void> {
  const target = join(DIST, folder);
  const made = `${target}.${process.pid}`;
  mkdirSync(made, { recursive: true });
  const inputs: string[] = [];
  for (const part of parts) inputs.push(...(await buildPart(part, made)));
  for (const assets of [ASSETS, ...(folder === 'bin' ? [COMMAND_ASSETS] : [])])
    cpSync(assets, join(made, 'assets'), { recursive: true });
  writeFileSync(join(made, 'LICENSES.txt'), licences(inputs));
  execFileSync(process.execPath, [CODE_CACHE, join(made, program)], { stdio: 'inherit' });
  rmSync(target, { recursive: true, force: true });
  renameSync(made, target);
}

/** Writes the files of one part into `folder`; returns the sources it was made from. */
async function buildPart(options: BuildOptions, folder: string): Promise<readonly string[]> {
  const { outputFiles, metafile } = await build({
    external: ['koffi'],
    target: 'node24',
    ...options,
    outdir: folder,
    bundle: true,
    platform: 'node',
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
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
    CODE_CACHE,
  ];
  return sources.some((path) => statSync(path).mtimeMs > built);
}

for (const each of BUNDLES) if (process.argv[2] !== '--if-older' || isOlder(each)) await bundle(each);
