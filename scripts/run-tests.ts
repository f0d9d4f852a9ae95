/**
 * Runs test files with node:test: run-tests.ts [PATTERN...] runs the files whose paths contain a pattern, or
 * all of them. Unit tests run before the slow end-to-end tests. Tests of byte formats run under Node 26 as
 * well, because its optimising compiler has miscompiled such loops.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { makeRunFolder } from '../test/e2e/support/scratch.ts';
import { concise } from './concise-reporter.ts';

const ROOT = join(import.meta.dirname, '..');
/** Tests of modules that read or write bytes by position. */
const BYTE_EXACT = [
  'test/base/bytes',
  'test/gvariant/',
  'test/ostree/',
  'test/tar/',
  'test/native/deflate/',
  'test/oci/write/gzip',
  'test/delta/',
  'test/mirror/catalogue',
  'test/packages/rpm/header',
];
const E2E = 'test/e2e/';
/** Tests that use the packages with runtimes, which scripts/runtimes.ts makes. */
const NEED_RUNTIMES = [
  'test/e2e/package',
  'test/e2e/other-architecture',
  'test/native/deflate/',
  'test/oci/read/piece-members',
  'test/oci/write/formats',
  'test/oci/write/gzip',
];
const FILES_AT_ONCE = 2;
/** Ends a test file that hangs. */
const FILE_TIMEOUT_MS = 20 * 60 * 1000;

function testFiles(patterns: readonly string[]): string[] {
  const all = globSync('test/**/*.test.ts', { cwd: ROOT, exclude: ['**/node_modules'] }).toSorted();
  const wanted = all.filter(
    (file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)),
  );
  return [
    ...wanted.filter((file) => !file.startsWith(E2E)),
    ...wanted.filter((file) => file.startsWith(E2E)),
  ];
}

/** Runs the files in this order and prints a summary; failures set the exit status. */
function runHere(files: readonly string[]): void {
  const events = run({
    files: files.map((file) => join(ROOT, file)),
    cwd: ROOT,
    concurrency: FILES_AT_ONCE,
    timeout: FILE_TIMEOUT_MS,
  });
  events.on('test:summary', ({ success }) => {
    if (!success) process.exitCode = 1;
  });
  const report = process.stdout.isTTY ? events.compose(new spec()) : events.compose(concise);
  report.pipe(process.stdout);
}

function runUnderNode26(files: readonly string[]): void {
  const node26 = join(ROOT, 'test/node26/node_modules/.bin/node');
  const version = spawnSync(node26, ['--version'], { encoding: 'utf8' });
  if (version.status !== 0) {
    const why = version.error === undefined ? version.stderr.trim() : 'it is for Linux on x64 and arm64';
    console.log(`== Node 26 does not run here (${why}): byte formats are tested under this Node only\n`);
    return;
  }
  console.log(`== Byte formats under Node ${version.stdout.trim()}: ${files.length} files`);
  const words = [import.meta.filename, '--here', ...files];
  if (spawnSync(node26, words, { stdio: 'inherit' }).status !== 0) process.exitCode = 1;
  console.log();
}

/** Before the tests, because images that are made here get the runtime of the package if there is one. */
function makeRuntimes(): void {
  const { status } = spawnSync(process.execPath, [join(ROOT, 'scripts/runtimes.ts')], { stdio: 'inherit' });
  if (status !== 0)
    console.log('== The packages with runtimes cannot be made here: their tests are skipped\n');
}

const words = process.argv.slice(2);
if (words[0] === '--here') {
  runHere(words.slice(1));
} else {
  const files = testFiles(words);
  if (files.length === 0) {
    console.error(`no test file matches ${words.join(' ')}`);
    process.exit(1);
  }
  const byteExact = files.filter((file) => BYTE_EXACT.some((start) => file.startsWith(start)));
  if (files.some((file) => NEED_RUNTIMES.some((start) => file.startsWith(start)))) makeRuntimes();
  if (byteExact.length > 0) runUnderNode26(byteExact);
  if (files.some((file) => file.startsWith(E2E))) process.env.TREEPORT_E2E_DIR = makeRunFolder();
  console.log(`== Tests under Node ${process.version}: ${files.length} files`);
  runHere(files);
}
