/**
 * The landing page in a real browser: no ref is broken within a word, and nothing sticks out of the window.
 */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { createServer } from '../../src/server/app.ts';
import { writeOstreeFixture } from '../support/ostree-fixture.ts';
import { unlessInstalled } from '../support/programs.ts';
import { projectText } from '../support/project.ts';
import { must } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const REFS = [
  'fedora/x86_64/coreos/testing-devel',
  'app/org.example.AnApplicationOfLongName/x86_64/stable',
  'runtime/org.example.Platform.Locale/aarch64/24.08',
  'ostree/container/image/docker_3A__2F__2Fregistry/2',
  'a/b',
];

type Measured = { readonly broken: readonly string[]; readonly wider: number; readonly refs: number };

/**
 * Runs in the browser: pieces of words whose characters are on more than one line, and how far the page is
 * too wide.
 */
const MEASURE = `
addEventListener('load', () => {
  const page = document.querySelector('iframe').contentDocument;
  const broken = [];
  const names = page.querySelectorAll('tbody th');
  for (const name of names) for (const node of name.childNodes) {
    if (node.nodeType !== Node.TEXT_NODE) continue;
    const range = page.createRange();
    range.selectNodeContents(node);
    if (new Set([...range.getClientRects()].map(({ top }) => top)).size > 1) broken.push(node.data);
  }
  const { scrollWidth, clientWidth } = page.documentElement;
  const measured = { broken, wider: scrollWidth - clientWidth, refs: names.length };
  document.body.textContent = 'measured' + JSON.stringify(measured) + 'end';
});`;

async function measure(folder: string, page: string, width: number): Promise<Measured> {
  const file = join(folder, `${width}.html`);
  const escaped = page.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  const frame = `<iframe width="${width}" height="800" style="border: 0" srcdoc="${escaped}"></iframe>`;
  await writeFile(file, `<!doctype html><body>${frame}<script>${MEASURE}</script>`);
  const options = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--hide-scrollbars',
    `--user-data-dir=${join(folder, 'profile')}`,
  ];
  const dom = await must(['chromium', ...options, '--dump-dom', `file://${file}`]);
  return JSON.parse(/measured(\{.*?\})end/.exec(dom)?.[1] ?? assert.fail(dom));
}

test('refs are whole words at 1280 and 390 pixels', {
  skip: unlessInstalled('chromium'),
  timeout: 120_000,
}, async (t) => {
  const folder = await tempDir(t);
  const { path, commit } = await writeOstreeFixture(join(folder, 'repo'));
  for (const name of REFS) {
    await mkdir(dirname(join(path, 'refs/heads', name)), { recursive: true });
    await writeFile(join(path, 'refs/heads', name), commit);
  }
  const { app } = await createServer({ repo: await openRepository(path) });
  t.after(() => app.close());
  const style = `<style>${projectText('src/server/assets/style.css')}</style>`;
  const page = (await app.inject('/')).body.replace(/<link [^>]*>/, style);
  for (const width of [1280, 390]) {
    assert.deepEqual(await measure(folder, page, width), { broken: [], wider: 0, refs: REFS.length + 1 });
  }
  // The test sees what it is for.
  const { broken } = await measure(
    folder,
    page.replaceAll('<wbr>', '').replace('break-word', 'anywhere'),
    390,
  );
  assert.notDeepEqual(broken, []);
});
