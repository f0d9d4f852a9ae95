/** Messages advise only options that exist, and that the verb has. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Command } from 'commander';
import { buildProgram } from '../../src/cli/program.ts';
import { projectFiles, projectText } from '../support/project.ts';

const PROGRAM = await buildProgram();

function verbsBelow(command: Command): readonly Command[] {
  return command.commands.flatMap((child) => (child.commands.length === 0 ? [child] : verbsBelow(child)));
}

function pathOf(command: Command): string {
  return command.parent === null ? '' : `${pathOf(command.parent)} ${command.name()}`.trim();
}

function longOptions(command: Command): readonly string[] {
  return command.options.map(({ long }) => long ?? '');
}

/** Options that the text of a module mentions, outside comments. */
function optionsIn(path: string): readonly string[] {
  const code = projectText(path).replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  return [...code.matchAll(/(?<![\w-])--[a-z][a-z-]*[a-z]/g)].map(([option]) => option);
}

const IMAGE = /\bimages?\b|\bsnapshot\b/i;
/** An image, or what is about one. */
const OF_IMAGES: readonly Command[] = verbsBelow(PROGRAM).filter(
  (verb) =>
    verb.registeredArguments.some((each) => IMAGE.test(`${each.name()} ${each.description}`)) ||
    verb.options.some(({ flags }) => /<.*image.*>/.test(flags)),
);

test('every verb with an image has all options that the errors of registries advise', () => {
  const advised = ['src/oci/skopeo/skopeo-fault.ts', 'src/oci/skopeo/stall.ts'].flatMap(optionsIn);
  assert.deepEqual([...new Set(advised)].sort(), [
    '--authfile',
    '--cert-dir',
    '--creds-file',
    '--insecure-skip-tls-verification',
    '--stall-timeout',
  ]);
  assert.ok(OF_IMAGES.length > 15);
  for (const verb of OF_IMAGES)
    for (const option of advised) assert.ok(longOptions(verb).includes(option), `${pathOf(verb)} ${option}`);
});

/** Options of other programs, and those that every verb has. */
const OTHERS = new Set(
  [
    '--help --version --root --expect',
    // Node, the loader and tar
    '--semi-space-growth-factor --max-semi-space-size --no-incremental-marking --expose-gc',
    '--library-path --sparse',
    // ostree, rpm, gpg
    '--mode --gpg-import --no-gpg-verify --sign-verify --set --update --rebuilddb --keyring --detach-sign --armor',
    '--batch --with-colons --list-secret-keys',
    // podman, kubectl
    '--build-arg --rm --user --read-only --cap-drop --image --port --format --pull-never',
    // skopeo
    '--raw --sockfd --remove-signatures --registries-conf --digestfile --debug',
    '--override-arch --override-os --override-variant',
  ].flatMap((line) => line.split(' ')),
);

test('messages mention options that treeport has', () => {
  const known = new Set(verbsBelow(PROGRAM).flatMap(longOptions));
  const unknown = projectFiles('src/**/*.ts')
    .flatMap((path) => optionsIn(path).map((option) => ({ path, option })))
    .filter(({ option }) => !known.has(option) && !OTHERS.has(option))
    .map(({ path, option }) => `${path} ${option}`);
  assert.deepEqual(unknown, []);
});
