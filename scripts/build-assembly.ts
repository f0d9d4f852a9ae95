/**
 * Compiles assembly/ to the WebAssembly module of the fast LZMA encoder, and writes it as text into
 * src/delta/xz/encoder-module.ts, so that sources, bundles and images have it without a file beside them. The
 * same sources and compiler give the same module.
 */
import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const FOLDER = join(ROOT, 'assembly');
const TARGET = join(ROOT, 'src/delta/xz/encoder-module.ts');
/** Columns of a line of text. */
const COLUMNS = 100;

/** The compiler, which `npm run assembly` installs. */
export const COMPILER: string = join(FOLDER, 'node_modules/assemblyscript/bin/asc.js');

const OPTIONS = ['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--use', 'abort=', '--noColors'];

/** SHA-256 of everything that the module is made from. */
export function assemblySources(): string {
  const files = globSync(['*.ts', 'package.json', 'package-lock.json'], { cwd: FOLDER }).toSorted();
  return hash(
    'sha256',
    files.map((file) => `${file}\n${readFileSync(join(FOLDER, file), 'utf8')}`).join('\n'),
  );
}

/** The text of the module that holds the compiled one. */
export function compiledModule(): string {
  const folder = mkdtempSync(join(tmpdir(), 'treeport-assembly-'));
  try {
    const file = join(folder, 'encoder.wasm');
    execFileSync(process.execPath, [COMPILER, 'index.ts', ...OPTIONS, '--outFile', file], {
      cwd: FOLDER,
      stdio: 'inherit',
    });
    const text = readFileSync(file, 'base64');
    const lines = text.match(new RegExp(`.{1,${COLUMNS}}`, 'g')) ?? [];
    return `/** Made from assembly/ by \`npm run assembly\`; not to be edited. */

/** SHA-256 of the sources. */
export const ENCODER_SOURCES = '${assemblySources()}';

/** A WebAssembly module in base64. */
export const ENCODER_MODULE = \`
${lines.join('\n')}
\`;
`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (import.meta.main) writeFileSync(TARGET, compiledModule());
