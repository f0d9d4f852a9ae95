/**
 * Bundles the library into few files, because Node needs half a millisecond for each: dist/index.js, the
 * parts in dist/library with the chunks that they share, and beside these the worker threads, where `Thread`
 * looks for them. Packages stay outside; scripts/build has written the declarations.
 *
 * esbuild puts modules into a file by which entry points need them. So that those of `treeport/ostree` stay
 * together, each part imports that one (docs/decisions/0156-bundled-library.md).
 */
import { cpSync, globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { threadEntries } from './thread-entries.ts';

const ROOT = join(import.meta.dirname, '..');
const DIST = join(ROOT, 'dist');
const FOLDER = 'library';
const BASE = join(ROOT, 'src/library/ostree.ts');

const ON_BASE: Plugin = {
  name: 'on-base',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/library\/[^/]+\.ts$/ }, async ({ path }) => {
      if (path === BASE) return undefined;
      return { contents: `import '${BASE}';\n${await readFile(path, 'utf8')}`, loader: 'ts' };
    });
  },
};

const MODULES: BuildOptions = {
  outdir: DIST,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  packages: 'external',
  // As in tsconfig.json.
  target: 'es2024',
};

const parts = globSync('src/library/*.ts', { cwd: ROOT }).map((path) => [
  `${FOLDER}/${basename(path, '.ts')}`,
  join(ROOT, path),
]);
const threads = Object.entries(threadEntries()).map(([name, path]) => [`${FOLDER}/${name}`, path]);

await build({
  ...MODULES,
  entryPoints: { index: join(ROOT, 'src/index.ts'), ...Object.fromEntries(parts) },
  chunkNames: `${FOLDER}/chunk-[hash]`,
  plugins: [ON_BASE],
});
await build({
  ...MODULES,
  entryPoints: Object.fromEntries(threads),
  chunkNames: `${FOLDER}/thread-[hash]`,
});
cpSync(join(ROOT, 'src/server/assets'), join(DIST, FOLDER, 'assets'), { recursive: true });
