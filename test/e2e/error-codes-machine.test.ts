/**
 * Codes that users meet because of the machine, of other programs, of damaged mirror images or of the time,
 * and that no other end-to-end test provokes. Libraries and files are replaced in mount namespaces.
 */
import { chmodSync, mkdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runtimeDirectory } from '../../src/base/package-directory.ts';
import { CATALOGUE_FILE, MIRROR_HOME, PACKS_INDEX, PUBLISHED_REPO } from '../../src/mirror/layout.ts';
import { serializeDict } from '../../src/ostree/metadata-dict.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { GPG_SIGNATURES, withSignature } from '../../src/ostree/sign/signatures.ts';
import { MIRROR_REF, unpackImage } from '../support/mirror-repos.ts';
import { makeMirror, objectAt } from '../support/mirror-root.ts';
import { unlessNamespaces } from '../support/mount-namespace.ts';
import { unlessRoot } from '../support/programs.ts';
import {
  type ErrorCase,
  IMAGE_PROGRAM,
  type Place,
  prepareImport,
  testErrorCases,
} from './support/error-case.ts';
import { type GpgKey, gpgSign, makeGpgKey, revokeGpgKey } from './support/gpg.ts';
import { must, mustTreeport, TREEPORT } from './support/run.ts';

/** The command after other commands in a mount namespace, which end it if they fail. */
function after(...commands: readonly string[]): readonly string[] {
  return ['unshare', '--mount', 'sh', '-ec', [...commands, 'exec "$@"'].join('\n'), 'sh', ...TREEPORT];
}

/** The command with a library that is none, where the loader looks first, and over the files at `paths`. */
function without(library: string, paths: readonly string[] = []): Pick<ErrorCase, 'program' | 'skip'> {
  const masked = paths.map((path) => `mount --bind @/libraries/${library} ${path}`);
  return { program: after(...masked, 'export LD_LIBRARY_PATH=@/libraries'), skip: unlessNamespaces() };
}

function writeLibrary(name: string) {
  return ({ at }: Pick<Place, 'at'>): void => {
    mkdirSync(at('libraries'));
    writeFileSync(at(`libraries/${name}`), 'no library');
  };
}

const LZMA = 'liblzma.so.5';
const OSTREE = 'libostree-1.so.1';
const RUNTIME = runtimeDirectory(process.arch);

/** The published repo of the mirror that {@link damageMirror} makes. */
const PUBLISHED = join('root', MIRROR_HOME, PUBLISHED_REPO);

/** Makes a mirror, and cuts one file of its published repo off. */
function damageMirror(file: string) {
  return async ({ folder, at }: Place): Promise<void> => {
    const { root } = await makeMirror(folder, { bake: 'auto' });
    renameSync(root, at('root'));
    truncateSync(at(join(PUBLISHED, file)), 10);
  };
}

/** A root filesystem with one file. */
function writeRoot({ at }: Place): void {
  mkdirSync(at('tree/usr/etc'), { recursive: true });
  mkdirSync(at('tree/usr/lib'));
  writeFileSync(at('tree/usr/lib/os-release'), 'NAME=os\n');
}

const FROM_ROOT = 'container build-chunked-oci --rootfs @/tree --output oci:@/image';
/** A file that is shorter than its size says. */
const SHORT_FILE = '/sys/kernel/uevent_seqnum';

const PAST = '20200101T000000';
const SOON_AFTER = '20200102T000000';

/** An import of a commit that was signed by this key, which the remote `os` has. */
async function prepareSigned(place: Place, key: GpgKey, finish?: (key: GpgKey) => Promise<void>) {
  const { at, commit } = place;
  const signature = await gpgSign(
    key,
    readFileSync(at(join('repo', loosePath(commit, 'commit')))),
    SOON_AFTER,
  );
  const metadata = serializeDict(withSignature(new Map(), GPG_SIGNATURES, signature));
  writeFileSync(at(join('repo', loosePath(commit, 'commitmeta'))), metadata);
  await prepareImport(place);
  await finish?.(key);
  const remote = ['ostree', `--repo=${at('copy')}`, 'remote'];
  await must([...remote, 'add', 'os', 'https://os.example.com/repo']);
  await must([...remote, 'gpg-import', `--keyring=${key.publicKey}`, 'os']);
}

const IMPORT = 'tar import --repo @/copy @/commit.tar';

testErrorCases([
  {
    code: 'ERR_LIBOSTREE_MISSING',
    words: IMPORT,
    prepare: async (place) => {
      await prepareImport(place);
      writeLibrary(OSTREE)(place);
    },
    ...without(OSTREE),
    naming: 'libostree-1-1',
    needs: ['ostree'],
  },
  {
    code: 'ERR_LIBLZMA_MISSING',
    words: `delta generate --repo @/repo ${MIRROR_REF}`,
    prepare: writeLibrary(LZMA),
    ...without(LZMA, RUNTIME === undefined ? [] : [join(RUNTIME, 'lib', LZMA)]),
    naming: 'liblzma5',
  },
  {
    code: 'ERR_LIBOSTREE',
    words: IMPORT,
    prepare: async (place) => {
      await prepareImport(place);
      writeFileSync(place.at(`copy/objects/${place.commit.slice(0, 2)}`), 'in the way');
    },
    naming: 'Not a directory',
    needs: ['ostree'],
  },
  {
    code: 'ERR_REPO_READ_ONLY',
    words: `delta generate --repo @/repo ${MIRROR_REF}`,
    program: after('mount --bind @/repo @/repo', 'mount -o remount,bind,ro @/repo'),
    naming: '@/repo',
    skip: unlessNamespaces(),
  },
  {
    code: 'ERR_DELTA_BUSY',
    words: 'delta maintain --repo @/repo --policy @/policy',
    program: ['flock', '@/repo/extensions/treeport', ...TREEPORT],
    prepare: ({ at }) => {
      mkdirSync(at('repo/extensions/treeport'), { recursive: true });
      writeFileSync(at('policy'), '[refs "**"]\nscratch=true\n');
    },
    naming: '@/repo/extensions/treeport',
    needs: ['flock'],
  },
  {
    code: 'ERR_ROOTFS_CHANGED',
    words: FROM_ROOT,
    prepare: writeRoot,
    program: after(`mount --bind ${SHORT_FILE} @/tree/usr/lib/os-release`),
    naming: '@/tree/usr/lib/os-release',
    skip: unlessNamespaces(),
  },
  {
    code: 'ERR_SELINUX',
    words: FROM_ROOT,
    prepare: (place) => {
      writeRoot(place);
      mkdirSync(place.at('tree/usr/etc/selinux'));
      writeFileSync(place.at('tree/usr/etc/selinux/config'), 'SELINUX=enforcing\nSELINUXTYPE=none\n');
    },
    naming: '@/tree',
    needs: ['ostree'],
  },
  {
    code: 'ERR_SEAL_OWNERS',
    words: 'seal --root @/root --bake none --delta none',
    program: IMAGE_PROGRAM,
    prepare: async (place) => {
      await unpackImage(place.repo, place.commit, place.at('root'));
      const file = loosePath(await objectAt(place, '/usr/bin/setuid'), 'file');
      chmodSync(place.at(join('root/sysroot/ostree/repo', file)), 0o755);
    },
    naming: 'mirror wrap',
    needs: ['tar'],
    skip: unlessRoot(),
  },
  {
    code: 'ERR_CATALOGUE',
    words: `serve --repo @/${PUBLISHED} --listen 127.0.0.1:0`,
    prepare: damageMirror(CATALOGUE_FILE),
    naming: `@/${PUBLISHED}/${CATALOGUE_FILE}`,
    needs: ['tar'],
    skip: unlessRoot(),
  },
  {
    code: 'ERR_PACKS',
    words: `serve --repo @/${PUBLISHED} --listen 127.0.0.1:0`,
    prepare: damageMirror(PACKS_INDEX),
    naming: `@/${PUBLISHED}`,
    needs: ['tar'],
    skip: unlessRoot(),
  },
  {
    code: 'ERR_SUMMARY',
    words: 'sign summary --repo @/repo --keys-file @/key',
    prepare: ({ at }) => mustTreeport(['sign', 'keygen', at('key')]),
    naming: '@/repo has no summary',
  },
  {
    code: 'ERR_SIGNATURE_EXPIRED',
    words: 'tar import --repo @/copy --remote os @/commit.tar',
    prepare: async (place) =>
      prepareSigned(place, await makeGpgKey(place.folder, { time: PAST, expires: '10d' })),
    naming: '"os"',
    needs: ['ostree', 'gpg'],
  },
  {
    code: 'ERR_SIGNATURE_REVOKED',
    words: 'tar import --repo @/copy --remote os @/commit.tar',
    prepare: async (place) =>
      prepareSigned(place, await makeGpgKey(place.folder, { time: PAST }), revokeGpgKey),
    naming: '"os"',
    needs: ['ostree', 'gpg'],
  },
]);
