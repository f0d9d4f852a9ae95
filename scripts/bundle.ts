/**
 * Bundles the program that mirror images run into one file, dist/app/treeport.mjs, and the licences of the
 * packages in it into LICENSES.txt beside it. bundle.ts --if-older does it only if a source is newer.
 * Names are kept: the stack trace in a log must say something.
 */
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '..');
const ENTRY = join(ROOT, 'src/runtime-app.ts');
const FOLDER = join(ROOT, 'dist/app');
const BUNDLE = join(FOLDER, 'treeport.mjs');
/** CommonJS packages call `require` for what Node has built in. */
const BANNER = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

async function bundle(): Promise<void> {
  const { outputFiles, metafile } = await build({
    entryPoints: [ENTRY],
    outfile: BUNDLE,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    external: ['koffi'],
    banner: { js: BANNER },
    metafile: true,
    write: false,
    logLevel: 'warning',
    absWorkingDir: ROOT,
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error('esbuild wrote nothing');
  mkdirSync(FOLDER, { recursive: true });
  replaceFile(join(FOLDER, 'LICENSES.txt'), licences(Object.keys(metafile.inputs)));
  replaceFile(BUNDLE, output.contents);
}

function replaceFile(path: string, contents: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, contents);
  renameSync(temporary, path);
}

/** The licence texts of the packages that these files, paths below the project's folder, belong to. */
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

function isOlder(): boolean {
  const built = statSync(BUNDLE, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = [
    ...globSync(join(ROOT, 'src/**/*')),
    join(ROOT, 'package-lock.json'),
    import.meta.filename,
  ];
  return sources.some((path) => statSync(path).mtimeMs > built);
}

if (existsSync(ENTRY) && (process.argv[2] !== '--if-older' || isOlder())) await bundle();
