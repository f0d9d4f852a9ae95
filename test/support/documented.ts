/**
 * The blocks of commands in the documentation, and what shows that each of them works. A block is run as it
 * stands there by test/e2e/documented.test.ts, or what it does is done by another test, or it is an example
 * that no test can run. test/house/documented.test.ts holds this table to the pages.
 */
import { projectText } from './project.ts';

/** `run`, the path of a test of the same commands, or `example: ` and why nothing runs it. */
export type Proof = 'run' | `test/${string}` | `example: ${string}`;

/** By page and heading (empty above the first one), in order. */
export const DOCUMENTED: Readonly<Record<string, Readonly<Record<string, readonly Proof[]>>>> = {
  'README.md': {
    'Try it': [
      'example: npm run check:fresh runs it in a fresh Debian',
      'example: it is what runs the tests',
      'run',
    ],
    'Make an image of a commit': ['run', 'run', 'run', 'run'],
    'Make an image that serves itself': [
      'run',
      'run',
      'test/e2e/mirror-ways.test.ts',
      'test/e2e/build-chunked-oci.test.ts',
    ],
    'Run it': ['run', 'example: it needs a cluster'],
    'Pull from it': ['run'],
    'Serve a repository without an image': ['run', 'run'],
    'Carry a repository around': ['run'],
    Sign: ['run'],
    'Import an image': ['run', 'run'],
    'Inspect a repository': ['run', 'run', 'run', 'run'],
  },
  'CONTRIBUTING.md': {
    'Find gaps in tests': ['example: minutes of tests that fail on purpose'],
    'Check a fresh machine': ['example: it runs the tests'],
  },
  'deploy/README.md': {
    'Run under systemd': ['example: it needs systemd; test/deploy/deploy.test.ts checks the file'],
    'Maintain deltas from a timer': ['example: it needs systemd and a base image'],
    'Run with docker compose': ['example: it needs docker; test/deploy/deploy.test.ts checks the file'],
    'Run with a single command': ['run'],
    'Put nginx in front': ['test/e2e/proxy.test.ts'],
  },
  'k8s/README.md': {
    '': ['test/k8s/manifests.test.ts'],
    'Try one image': ['example: it needs a cluster', 'test/e2e/kube.test.ts'],
  },
  'docs/air-gap.md': {
    'Once: a key': ['test/e2e/recipes.test.ts'],
    'On the connected side: create and verify': ['test/e2e/recipes.test.ts'],
    'Inside: verify, extract, serve': ['test/e2e/recipes.test.ts', 'test/e2e/recipes.test.ts'],
    'The next time': ['test/e2e/recipes.test.ts'],
    'Machines without any network': ['test/e2e/recipes.test.ts', 'test/e2e/recipes.test.ts'],
  },
  'docs/benchmarks.md': {
    'How it is measured': ['example: hours of measurements', 'example: hours of measurements'],
  },
  'docs/publishing.md': { '': ['run'], 'Upload to a bucket': ['test/e2e/recipes.test.ts'] },
  'docs/operations/build.md': {
    '': ['run'],
    'Split an OS into layers': ['run'],
    'Do not build the same layers twice': ['run'],
  },
  'docs/operations/deltas.md': {
    'Generate a delta': ['run'],
    'Inspect, verify and apply deltas': ['run'],
    'Maintain deltas by a policy': ['run', 'test/e2e/serve-deltas.test.ts'],
    'Carry deltas in a mirror image': ['run'],
    'Serve first pulls by virtual deltas': ['run'],
  },
  'docs/operations/import.md': {
    '': ['run'],
    'Free the space of old layers': ['run'],
  },
  'docs/operations/layers.md': {
    'Compare packings on your history': ['run'],
    'From a root filesystem': ['test/e2e/build-chunked-oci.test.ts'],
  },
  'docs/operations/packages.md': {
    '': ['run'],
    'What an update changes': ['run'],
    'Which package owns a path': ['run'],
  },
  'docs/operations/proxies.md': { '': ['test/e2e/proxy.test.ts'] },
  'docs/operations/registries.md': {
    'Publish for several architectures': ['run', 'test/cli/arch-option.test.ts'],
    'Import from container storage': ['test/e2e/storage.test.ts'],
  },
  'docs/operations/run.md': {
    '': ['run'],
    'Set options': ['run', 'run'],
  },
  'docs/operations/serve.md': {
    '': ['run'],
    "Serve a machine's own commits to its neighbours": ['run', 'run'],
    'Serve flatpak': ['test/e2e/flatpak.test.ts', 'test/e2e/flatpak-mirror.test.ts'],
  },
  'docs/operations/signatures.md': {
    'Verify an import': ['run'],
    'Use ed25519 or spki keys': ['run'],
    'Refuse older commits': ['run'],
    'Sign commits and the summary': ['run', 'run', 'run'],
    'Sign the commit of an existing image': ['run', 'test/e2e/replace-detached-snapshot.test.ts'],
    'Sign the image': ['test/e2e/sign-image.test.ts'],
    "Sign the summary with a key of the mirror's": ['run', 'run'],
  },
  'docs/operations/size.md': { 'Add a cache': ['run', 'run'] },
  'docs/operations/snapshots.md': {
    'Make a snapshot': ['run'],
    'Write a USB stick': ['run'],
    'Split it over several media': ['test/e2e/snapshot.test.ts'],
    'Make the next one': ['run'],
    'Look into it': ['run'],
    'Verify it': ['run'],
    'Get the repository back': ['run'],
    'Publish it as files': ['run'],
  },
  'docs/operations/upgrade.md': {
    '': ['example: it needs a cluster'],
    'Publish in order': ['run'],
  },
};

export type CommandBlock = {
  readonly page: string;
  readonly heading: string;
  /** Among those below the heading, from 0. */
  readonly index: number;
  readonly code: string;
};

/** The `sh` blocks of a page. */
export function commandBlocks(page: string): readonly CommandBlock[] {
  const [first = '', ...sections] = projectText(page).split(/^## /m);
  const parts = [
    { heading: '', text: first },
    ...sections.map((text) => ({ heading: text.split('\n')[0], text })),
  ];
  return parts.flatMap(({ heading = '', text }) =>
    [...text.matchAll(/^```sh\n(.*?)^```/gms)].map(([, code = ''], index) => ({
      page,
      heading,
      index,
      code,
    })),
  );
}

export function proofOf({ page, heading, index }: CommandBlock): Proof | undefined {
  return DOCUMENTED[page]?.[heading]?.[index];
}
