/**
 * Compiles assembly/ to the WebAssembly modules of the fast encoders, of LZMA and of deflate, and writes each
 * as text into a module of src/, so that sources, bundles and images have it without a file beside them. The
 * same sources and compiler give the same module.
 */
import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const FOLDER = join(ROOT, 'assembly');
/** By the folder of their sources: the module of src/, and how its names begin. */
const TARGETS = {
  lzma: { path: 'src/delta/xz/encoder-module.ts', name: 'ENCODER' },
  deflate: { path: 'src/ostree/deflate-module.ts', name: 'DEFLATE' },
} as const;
/** Columns of a line of text. */
const COLUMNS = 100;

/** The compiler, which `npm run assembly` installs. */
export const COMPILER: string = join(FOLDER, 'node_modules/assemblyscript/bin/asc.js');

const OPTIONS = [
  '-O3',
  '--converge',
  '--noAssert',
  '--runtime',
  'stub',
  '--use',
  'abort=',
  '--enable',
  'simd',
  '--noColors',
];

export type Assembly = keyof typeof TARGETS;

/** SHA-256 of everything that the module of a folder is made from. */
export function assemblySources(of: Assembly): string {
  const patterns = ['*.ts', join(of, '*.ts'), 'package.json', 'package-lock.json'];
  const files = globSync(patterns, { cwd: FOLDER }).toSorted();
  return hash(
    'sha256',
    files.map((file) => `${file}\n${readFileSync(join(FOLDER, file), 'utf8')}`).join('\n'),
  );
}

/** The text of the module that holds the compiled one. */
export function compiledModule(of: Assembly): string {
  const { name } = TARGETS[of];
  const folder = mkdtempSync(join(tmpdir(), 'treeport-assembly-'));
  try {
    const file = join(folder, 'encoder.wasm');
    execFileSync(process.execPath, [COMPILER, join(of, 'index.ts'), ...OPTIONS, '--outFile', file], {
      cwd: FOLDER,
      stdio: 'inherit',
    });
    const text = readFileSync(file, 'base64');
    const lines = text.match(new RegExp(`.{1,${COLUMNS}}`, 'g')) ?? [];
    return `/** Made from assembly/${of}/ by \`npm run assembly\`; not to be edited. */

/** SHA-256 of the sources. */
export const ${name}_SOURCES = '${assemblySources(of)}';

/** A WebAssembly module in base64. */
export const ${name}_MODULE = \`
${lines.join('\n')}
\`;
`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (import.meta.main) {
  for (const of of Object.keys(TARGETS) as Assembly[])
    writeFileSync(join(ROOT, TARGETS[of].path), compiledModule(of));
}
