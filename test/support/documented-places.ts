/** What test/e2e/documented.test.ts replaces in commands of the documentation, and does before them. */
import { join } from 'node:path';
import { DOCUMENTED_ADDRESS, DOCUMENTED_REF, type DocumentedWorld } from '../e2e/support/documented-world.ts';
import { ROOT } from './project.ts';

/** By page: words that stand for others, beside those of {@link wordsOf}; some shorten names of refs. */
const OF_PAGES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'docs/operations/deltas.md': {
    'from the parent of os': '',
    ' os^^ os ': ` ${DOCUMENTED_REF}^^ ${DOCUMENTED_REF} `,
    ' os  ': ` ${DOCUMENTED_REF}  `,
    'os/stable': DOCUMENTED_REF,
    'oci:DIR': 'oci:deltas',
  },
  'docs/operations/import.md': { 'sha256_3A_…': 'sha256_3A_0123' },
  'docs/operations/layers.md': {
    'os/2026-09 os/2026-10 os/2026-11': `${DOCUMENTED_REF}^^ ${DOCUMENTED_REF}^ ${DOCUMENTED_REF}`,
  },
  'docs/operations/snapshots.md': {
    "'app/**' 'runtime/**'": "'os/**'",
    "'app/**'": "'os/**'",
    " 'appstream2/*'": '',
  },
  'docs/operations/packages.md': { 'os/stable': DOCUMENTED_REF },
  'docs/operations/serve.md': { ' /ostree/repo': ' /srv/repo' },
  'docs/operations/signatures.md': {
    '/etc/ostree/os.ed25519': 'os.ed25519.pub',
    '/sysroot/ostree/repo': '/srv/client',
  },
};

const FOLDERS = ['/srv/', '/media/', '/var/cache/', '/etc/treeport/', '/usr/local/share/'];

export type PagePlace = Pick<DocumentedWorld, 'gpg' | 'registry'> & {
  readonly folder: string;
  /** Of a server of the repository. */
  readonly origin: string;
  /** The delta that the page asks for. */
  readonly delta: string;
  /** Where containers are published, 127.0.0.1. */
  readonly port: number;
};

/** What is replaced in the commands of a page, in order. */
export function wordsOf(page: string, place: PagePlace): Readonly<Record<string, string>> {
  const { folder, gpg, registry, origin, delta, port } = place;
  const serve = `${process.execPath} ${join(ROOT, 'test/support/serve-until-ready.ts')} serve`;
  return {
    ...OF_PAGES[page],
    ...Object.fromEntries(FOLDERS.map((path) => [path, folder + path])),
    '~/.config/': `${folder}/.config/`,
    'registry.example.com': registry,
    'http://os-mirror:8080': origin,
    'FROM-TO': delta,
    '0123456789ABCDEF': gpg.id,
    '=KEY': `=${gpg.id}`,
    'os@example.com': DOCUMENTED_ADDRESS,
    'mirror@example.com': DOCUMENTED_ADDRESS,
    'treeport serve': serve,
    '--listen 0.0.0.0:8080': '--listen 127.0.0.1:0',
    '--listen 127.0.0.1:8080': '--listen 127.0.0.1:0',
    '-p 8080:8080': `-p 127.0.0.1:${port}:8080`,
    'podman run --rm': 'podman run -d --rm',
  };
}

/** What pages take for granted, by the heading of the commands; before all of a page for the empty one. */
export const PREPARED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'README.md': {
    '': [
      'ostree --repo=/srv/client init --mode=archive',
      'ostree --repo=/srv/copy init --mode=archive',
      'mkdir -p /media/stick /usr/local/share/zsh/site-functions ~/.config/fish/completions',
    ].join('\n'),
  },
  'docs/operations/deltas.md': {
    'Inspect, verify and apply deltas': [
      'mkdir -p /media/usb/delta',
      `treeport delta generate --repo /srv/repo --filename /media/usb/delta/superblock ${DOCUMENTED_REF}`,
      'ostree --repo=/srv/client init --mode=archive',
      `ostree --repo=/srv/client pull-local /srv/repo $(ostree --repo=/srv/repo rev-parse ${DOCUMENTED_REF}^)`,
    ].join('\n'),
  },
  'docs/operations/import.md': {
    '': `treeport tar export --repo /srv/repo ${DOCUMENTED_REF} > os.tar`,
    'Free the space of old layers': `ostree --repo=/srv/repo refs --create=ostree/container/blob/sha256_3A_0123 ${DOCUMENTED_REF}`,
  },
  'docs/operations/run.md': { 'Set options': 'printf "[server]\\nlog-level=debug\\n" > mirror.conf' },
  'docs/operations/serve.md': { '': 'ostree --repo=/srv/client init --mode=archive' },
  'docs/operations/signatures.md': {
    '': [
      'ostree --repo=/srv/repo remote delete os',
      `treeport tar export --repo /srv/repo ${DOCUMENTED_REF} > os.tar`,
      'treeport sign keygen os.ed25519',
    ].join('\n'),
    'Use ed25519 or spki keys': 'ostree --repo=/srv/repo remote delete os',
    'Refuse older commits': [
      'ostree --repo=/srv/repo remote delete os',
      'ostree --repo=/srv/repo remote add --gpg-import=os.gpg --set=gpg-verify-summary=true os https://os.example.com/repo',
    ].join('\n'),
    'Sign commits and the summary': 'rm os.ed25519 os.ed25519.pub',
    "Sign the summary with a key of the mirror's":
      'treeport sign keygen mirror.ed25519\nostree --repo=/srv/client init --mode=archive',
  },
  'docs/operations/snapshots.md': {
    '': [
      'mkdir -p /media/stick',
      'cp -r /srv/repo /srv/apps',
      'treeport snapshot create --repo /srv/repo oci:/srv/next',
      'ostree --repo=/srv/copy init --mode=archive',
      'treeport snapshot extract oci:/srv/next --repo /srv/copy',
    ].join('\n'),
  },
};
