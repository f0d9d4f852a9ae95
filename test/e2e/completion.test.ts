import assert from 'node:assert/strict';
import { appendFile, chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { sharedFiles } from '../../scripts/generate-share.ts';
import { completionScript } from '../../src/cli/completion.ts';
import { buildProgram } from '../../src/cli/program.ts';
import {
  FIXTURE_COMMIT,
  FIXTURE_REF,
  FIXTURE_UPDATE_COMMIT,
  updateOstreeFixture,
  writeOstreeFixture,
} from '../support/ostree-fixture.ts';
import { unlessInstalled } from '../support/programs.ts';
import { environment, mustTreeport, run, TREEPORT } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

/** What the user types before Tab, and the command line after it. @ is the folder. */
const LINES = [
  ['treeport rep', 'treeport repo '],
  ['treeport repo ref', 'treeport repo refs '],
  ['treeport container imp', 'treeport container import '],
  ['treeport help container comp', 'treeport help container compare '],
  ['treeport comple', 'treeport completion '],
  ['treeport completion z', 'treeport completion zsh '],
  ['treeport repo refs --rev', 'treeport repo refs --revision '],
  ['treeport container encapsulate --packing sta', 'treeport container encapsulate --packing stable '],
  ['treeport container encapsulate --packing=sta', 'treeport container encapsulate --packing=stable '],
  ['treeport repo log --repo @/repo exam', `treeport repo log --repo @/repo ${FIXTURE_REF} `],
  ['treeport repo log --repo=@/repo exam', `treeport repo log --repo=@/repo ${FIXTURE_REF} `],
  ["treeport repo log --repo '@/a space' exam", `treeport repo log --repo '@/a space' ${FIXTURE_REF} `],
  ['treeport diff --repo @/repo exam', `treeport diff --repo @/repo ${FIXTURE_REF} `],
  ['treeport repo ls --repo @/repo os /exam', 'treeport repo ls --repo @/repo os /exam'],
  [
    'treeport container import --repo @/repo --write-ref exam',
    `treeport container import --repo @/repo --write-ref ${FIXTURE_REF} `,
  ],
  [
    `treeport delta show --repo @/repo ${FIXTURE_COMMIT.slice(0, 5)}`,
    `treeport delta show --repo @/repo ${FIXTURE_COMMIT}-${FIXTURE_UPDATE_COMMIT} `,
  ],
  ['treeport delta verify --repo @/repo @/auth', 'treeport delta verify --repo @/repo @/auth.json '],
  [
    'treeport sign verify --repo @/repo --remote ups',
    'treeport sign verify --repo @/repo --remote upstream ',
  ],
  ['treeport container info oci-a', 'treeport container info oci-archive:'],
  ['treeport container info --authfile @/auth', 'treeport container info --authfile @/auth.json '],
  ['treeport container info oci-archive:@/auth', 'treeport container info oci-archive:@/auth.json '],
] as const;

async function prepare(t: TestContext): Promise<string> {
  const folder = await tempDir(t);
  for (const name of ['repo', 'a space'])
    await updateOstreeFixture(await writeOstreeFixture(join(folder, name)));
  const repo = join(folder, 'repo');
  await mustTreeport(['delta', 'generate', '--quiet', '--repo', repo, FIXTURE_REF]);
  await appendFile(join(repo, 'config'), '[remote "upstream"]\nurl=https://example.com/repo\n');
  await mkdir(join(folder, 'bin'));
  await writeFile(join(folder, 'auth.json'), '{}');
  await writeFile(join(folder, 'bin/treeport'), `#!/bin/sh\nexec ${TREEPORT.join(' ')} "$@"\n`);
  await chmod(join(folder, 'bin/treeport'), 0o755);
  for (const [shell, file] of [
    ['bash', 'treeport.bash'],
    ['zsh', '_treeport'],
    ['fish', 'treeport.fish'],
  ] as const) {
    const { stdout } = await run([...TREEPORT, 'completion', shell]);
    await writeFile(join(folder, file), stdout);
  }
  return folder;
}

function environmentOf(folder: string): Readonly<Record<string, string>> {
  return { PATH: `${join(folder, 'bin')}:${environment().PATH}`, HOME: folder, TERM: 'dumb' };
}

/** Types the lines at the shell's prompt; the shell's function `show` then prints the completed line. */
async function completeAtPrompt(
  shell: readonly string[],
  { folder, setUp }: { readonly folder: string; readonly setUp: string },
): Promise<readonly (string | undefined)[]> {
  const CTRL_A = '\x01';
  const typed = LINES.map(([line]) => `${line.replaceAll('@', folder)}\tEND${CTRL_A}show \n`);
  const steps = [
    { send: `${setUp}; echo re''ady\n`, until: '\nready' },
    ...typed.map((send) => ({ send, until: '\n<[^\n]*>' })),
  ];
  const terminal = join(import.meta.dirname, 'support/terminal.py');
  const { stdout, stderr } = await run(['python3', terminal, ...shell], {
    env: environmentOf(folder),
    input: steps.map((step) => `${JSON.stringify(step)}\n`).join(''),
  });
  assert.equal(stderr, '');
  const outputs = stdout
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line) as string);
  return outputs.map((output) => /\n<([^\n]*)>/.exec(output)?.[1]?.replaceAll(folder, '@'));
}

/** As `show` prints the lines: without quotes. */
const EXPECTED = LINES.map(([, line]) => `${line.replaceAll("'", '')}END`);

test('bash completes what is typed at its prompt', {
  skip: unlessInstalled('bash', 'python3'),
}, async (t) => {
  const folder = await prepare(t);
  const setUp = `source ${folder}/treeport.bash; show() { printf '<%s>\\n' "$*"; }`;
  const completed = await completeAtPrompt(['bash', '--norc', '--noprofile', '-i'], { folder, setUp });
  assert.deepEqual(completed, EXPECTED);
});

test('zsh completes what is typed at its prompt', { skip: unlessInstalled('zsh', 'python3') }, async (t) => {
  const folder = await prepare(t);
  const setUp = `bindkey -e; fpath=(${folder} $fpath); autoload -Uz compinit; compinit -u -D; show() { print -r -- "<$*>" }`;
  const completed = await completeAtPrompt(['zsh', '-f', '-i'], { folder, setUp });
  assert.deepEqual(completed, EXPECTED);
});

test('fish completes the same words', { skip: unlessInstalled('fish') }, async (t) => {
  const folder = await prepare(t);
  for (const [line, expected] of LINES) {
    const { stdout, stderr } = await run(
      [
        'fish',
        '--no-config',
        '-c',
        `source ${folder}/treeport.fish; complete -C $argv[1]`,
        line.replaceAll('@', folder),
      ],
      { env: environmentOf(folder) },
    );
    assert.equal(stderr, '');
    const candidates = stdout.split('\n').flatMap((text) => text.split('\t')[0] || []);
    const last = expected.trim().split(' ').at(-1)?.replaceAll('@', folder) ?? '';
    assert.deepEqual(candidates, line === expected ? [] : [last], line);
  }
});

test('options and verbs are described', { skip: unlessInstalled('fish') }, async (t) => {
  const folder = await prepare(t);
  const list = async (line: string) =>
    (await run(['fish', '--no-config', '-c', `source ${folder}/treeport.fish; complete -C '${line}'`]))
      .stdout;
  assert.match(await list('treeport repo '), /^fsck\tcheck the refs, /m);
  assert.match(await list('treeport sign '), /^keygen\tmake /m);
  assert.match(await list('treeport repo fsck -'), /^--quiet\tprint results and errors only$/m);
});

test('the package has the scripts where shells look for them', async () => {
  const files = await sharedFiles('2026-01-01');
  for (const [path, shell] of [
    ['bash-completion/completions/treeport', 'bash'],
    ['zsh/site-functions/_treeport', 'zsh'],
    ['fish/vendor_completions.d/treeport.fish', 'fish'],
  ] as const) {
    assert.equal(files.get(path), await completionScript(shell, await buildProgram()));
  }
});
