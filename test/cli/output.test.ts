/**
 * Text from repositories and images must not reach a terminal unescaped, nor pass for a line of ours in a
 * pipe.
 */
import assert from 'node:assert/strict';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { type Checksum, parseChecksum } from '../../src/ostree/checksum.ts';
import { commitTree, type TreeDirectory, type TreeNode } from '../../src/ostree/commit-tree.ts';
import { type MetadataDict, stringVariant } from '../../src/ostree/metadata-dict.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import { type Outcome, run, TREEPORT, treeport } from '../e2e/support/run.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { makeImage } from '../support/chunked-images.ts';
import { unlessInstalled } from '../support/programs.ts';
import { goldenTar, inPieces } from '../support/tar-streams.ts';

/** Text with a line end, escape sequences and a change of direction. */
const EVIL = 'a\nSignature:    good\u001b[2J\u009b31m\u202e\u2028';
const FORGED = /^Signature: +good/m;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the test is about them
const HARMFUL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u202e]/;

async function hostileRepo(t: TestContext) {
  const folder = await tempDir(t);
  const writer = await ArchiveWriter.create(join(folder, 'repo'), { level: 1 });
  const file = (content: string): TreeNode => ({ kind: 'file', mode: 0o644, content: Buffer.from(content) });
  const tree = (content: string): TreeDirectory => ({
    kind: 'directory',
    mode: 0o755,
    entries: new Map<string, TreeNode>([
      [EVIL, file(content)],
      ['link', { kind: 'symlink', target: EVIL }],
    ]),
  });
  const metadata: MetadataDict = new Map([
    [EVIL, stringVariant(EVIL)],
    ['version', stringVariant(EVIL)],
  ]);
  const options = { timestamp: 0, subject: EVIL, body: `${EVIL}\n${EVIL}`, metadata };
  const from = await commitTree(writer, tree('one'), options);
  const to = await commitTree(writer, tree('two\u001b[2J'), options);
  await mkdir(join(writer.path, 'refs/heads'), { recursive: true });
  await writeFile(join(writer.path, 'refs/heads', EVIL), `${to}\n`);
  return { folder, repo: writer.path, objects: writer, from, to };
}

/** Runs the command with a terminal as its output. */
function atTerminal(args: readonly string[]): Promise<Outcome> {
  const command = [...TREEPORT, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  return run(['script', '--quiet', '--return', '--command', command, '/dev/null']);
}

test('texts of commits, faults and errors are clean, in a pipe too', async (t) => {
  const { repo, to } = await hostileRepo(t);
  const damaged = join(repo, '../damaged');
  await cp(repo, damaged, { recursive: true });
  await rm(join(damaged, loosePath(await fileIn(repo, to), 'filez')));
  const lines = [
    ['repo', 'show', '--repo', repo, to],
    ['repo', 'log', '--repo', repo, to],
    ['repo', 'fsck', '--repo', damaged, to],
    ['repo', 'show', '--repo', repo, to, '--print-metadata-key', `no${EVIL}`],
    ['repo', 'cat', '--repo', repo, to, '/link'],
    ['repo', 'cat', '--repo', repo, to, `/${EVIL}/no`],
    ['repo', 'ls', '--repo', repo, EVIL],
    ['repo', 'ls', '--repo', EVIL, to],
    ['repo', EVIL],
    ['container', 'info', `oci:${EVIL}:${EVIL}`],
    ['container', 'info', EVIL],
    ['tar', 'import', '--repo', repo, EVIL],
  ];
  for (const args of lines) {
    const { stdout, stderr } = await treeport(args);
    const name = JSON.stringify(args.slice(0, 2));
    assert.notEqual(stdout + stderr, '', name);
    assert.doesNotMatch(stdout + stderr, HARMFUL, name);
    assert.doesNotMatch(stdout + stderr, FORGED, name);
    if (stderr !== '') assert.match(stderr, /^treeport: ERR_\w+: [^\n]+\n$/, name);
  }
});

/** The content object of the file with the hostile name. */
async function fileIn(repo: string, commit: Checksum): Promise<Checksum> {
  const args = ['repo', 'ls', '--repo', repo, '-C', commit, `/${EVIL}`];
  const { stdout } = await treeport(args);
  return parseChecksum(/[0-9a-f]{64}/.exec(stdout)?.[0] ?? '');
}

test('names are as they are in a pipe, and quoted at a terminal', {
  skip: unlessInstalled('script'),
}, async (t) => {
  const { repo, from, to } = await hostileRepo(t);
  const shown =
    "a'$'\\n''Signature:    good'$'\\033''[2J'$'\\302\\233''31m'$'\\342\\200\\256\\342\\200\\250'";
  for (const [args, before] of [
    [['repo', 'ls', '--repo', repo, '-R', to], '/'],
    [['diff', '--repo', repo, from, to], '/'],
  ] as const) {
    const piped = await treeport(args);
    assert.ok(piped.stdout.includes(before + EVIL), args[0]);
    const terminal = await atTerminal(args);
    assert.doesNotMatch(terminal.stdout, HARMFUL, args[0]);
    assert.doesNotMatch(terminal.stdout, FORGED, args[0]);
    assert.ok(terminal.stdout.includes(`'${before}${shown}`), terminal.stdout);
  }
  const patch = ['diff', '--patch', '--repo', repo, from, to];
  assert.ok((await treeport(patch)).stdout.includes('+two\u001b[2J'));
  assert.ok((await atTerminal(patch)).stdout.includes('+two\\x1b[2J'));
});

test('what images hold is clean', { skip: unlessInstalled('script') }, async (t) => {
  const folder = await tempDir(t);
  const path = join(folder, 'image');
  await makeImage(path, [inPieces(await goldenTar('fixture-whole-commit-nometa'))], {
    labels: { [EVIL]: EVIL },
    components: [EVIL],
    createdBy: [EVIL],
  });
  for (const verb of ['info', 'compare']) {
    const args = ['container', verb, ...(verb === 'info' ? [] : [`oci:${path}`]), `oci:${path}`];
    for (const { stdout } of [await treeport(args), await atTerminal(args)]) {
      assert.doesNotMatch(stdout, HARMFUL, verb);
      assert.doesNotMatch(stdout, FORGED, verb);
      assert.match(stdout, verb === 'info' ? /\\nSignature:/ : /^Total new layers/);
    }
  }
  const json = await treeport(['container', 'info', '--json', `oci:${path}`]);
  assert.equal(JSON.parse(json.stdout).labels[EVIL], EVIL);
  assert.doesNotMatch(json.stdout, HARMFUL);
});

test('errors about images are clean: tags, media types, snippets of JSON', async (t) => {
  const folder = await tempDir(t);
  const path = join(folder, 'image');
  await makeImage(path, [inPieces(await goldenTar('fixture-whole-commit-nometa'))]);
  const index = JSON.parse(await readFile(join(path, 'index.json'), 'utf8'));
  const [entry] = index.manifests;
  const named = (name: string) => ({ ...entry, annotations: { 'org.opencontainers.image.ref.name': name } });
  for (const [text, tag] of [
    [JSON.stringify({ ...index, manifests: [named(EVIL), named(`${EVIL}2`)] }), ':no-such-tag'],
    [JSON.stringify({ ...index, manifests: [{ ...entry, mediaType: EVIL }] }), ''],
    [JSON.stringify({ ...index, manifests: [{ ...entry, digest: EVIL }] }), ''],
    [`{"schemaVersion": 2, ${EVIL}`, ''],
    [EVIL, ''],
  ] as const) {
    const image = join(folder, 'broken');
    await rm(image, { recursive: true, force: true });
    await cp(path, image, { recursive: true });
    await writeFile(join(image, 'index.json'), text);
    const { stderr } = await treeport(['container', 'info', `oci:${image}${tag}`]);
    assert.match(stderr, /^treeport: ERR_\w+: [^\n]+\n$/);
    assert.doesNotMatch(stderr, HARMFUL);
  }
});
