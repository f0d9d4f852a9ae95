/**
 * Makes dist/app, the folder that mirror images run: the server and its packages in one file, treeport.mjs, the web
 * page's assets, and the licences of the packages in LICENSES.txt. bundle.ts --if-older does it only if a source is newer.
 * Names are kept: the stack trace in a log must say something.
 */
import { cpSync, globSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '..');
const ENTRY = join(ROOT, 'src/runtime-app.ts');
const FOLDER = join(ROOT, 'dist/app');
const BUNDLE = 'treeport.mjs';
const ASSETS = join(ROOT, 'src/server/assets');
/** CommonJS packages call `require` for what Node has built in. */
const BANNER = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

async function bundle(): Promise<void> {
  const { outputFiles, metafile } = await build({
    entryPoints: [ENTRY],
    outfile: join(FOLDER, BUNDLE),
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
  const made = `${FOLDER}.${process.pid}`;
  cpSync(ASSETS, join(made, 'assets'), { recursive: true });
  writeFileSync(join(made, 'LICENSES.txt'), licences(Object.keys(metafile.inputs)));
  writeFileSync(join(made, BUNDLE), output.contents);
  rmSync(FOLDER, { recursive: true, force: true });
  renameSync(made, FOLDER);
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
  const built = statSync(join(FOLDER, BUNDLE), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = [
    ...globSync(join(ROOT, 'src/**/*')),
    join(ROOT, 'package-lock.json'),
    import.meta.filename,
  ];
  return sources.some((path) => statSync(path).mtimeMs > built);
}

if (process.argv[2] !== '--if-older' || isOlder()) await bundle();
