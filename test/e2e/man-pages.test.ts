import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { sharedFiles } from '../../scripts/generate-share.ts';
import { unlessInstalled } from '../support/programs.ts';
import { run } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const DATE = '2026-01-02';
const FOLDER = 'man/man1';
const PAGES = [...(await sharedFiles(DATE))].filter(([path]) => path.startsWith(FOLDER));

async function writePages(t: TestContext): Promise<string> {
  const folder = await tempDir(t);
  await mkdir(join(folder, FOLDER), { recursive: true });
  for (const [path, text] of PAGES) await writeFile(join(folder, path), text);
  return folder;
}

test('there is a page of treeport, and of each group, verb and alias', () => {
  const names = PAGES.map(([path]) => path.slice(FOLDER.length + 1));
  for (const name of [
    'treeport',
    'treeport-repo',
    'treeport-repo-ls',
    'treeport-container-import',
    'treeport-serve',
  ])
    assert.ok(names.includes(`${name}.1`), name);
  assert.equal(new Set(names).size, names.length);
});

test('mandoc and groff have nothing to complain of', {
  skip: unlessInstalled('mandoc', 'groff'),
}, async (t) => {
  const folder = await writePages(t);
  const files = PAGES.map(([path]) => path);
  const lint = await run(['mandoc', '-T', 'lint', '-W', 'warning', ...files], { cwd: folder });
  assert.deepEqual([lint.status, lint.stdout, lint.stderr], [0, '', '']);
  for (const file of files) {
    const { stderr } = await run(['groff', '-man', '-ww', '-z', '-K', 'utf8', file], { cwd: folder });
    assert.equal(stderr, '', file);
  }
});

test('man shows a page, with options, examples and related pages', {
  skip: unlessInstalled('man'),
}, async (t) => {
  const folder = await writePages(t);
  const page = (name: string) =>
    run(['man', '--warnings', '-P', 'cat', '-l', `${FOLDER}/${name}.1`], {
      cwd: folder,
      env: { MANWIDTH: '120', LC_ALL: 'C.UTF-8' },
    });
  const { stdout, stderr } = await page('treeport-container-import');
  assert.equal(stderr, '');
  for (const text of [
    /^TREEPORT-CONTAINER-UNENCAPSULATE\(1\)/,
    /^NAME\n {7}treeport-container-unencapsulate +- +import +the commit of an image/m,
    /^ {7}treeport container unencapsulate \[options\] <image>$/m,
    /^ {7}Also: treeport container import\.$/m,
    /^ {7}--write-ref ref\n {14}Set this ref to the commit\.$/m,
    /^EXAMPLES\n {7}\$ treeport container unencapsulate --repo /m,
    /^SEE ALSO\n {7}treeport-container\(1\), treeport\(1\), /m,
    / 2026-01-02 /,
  ]) {
    assert.match(stdout, text);
  }
  const whole = (await page('treeport')).stdout;
  assert.match(whole, /^EXIT STATUS\n/m);
  assert.match(whole, /^ {7}treeport-serve\(1\)\n/m);
});
