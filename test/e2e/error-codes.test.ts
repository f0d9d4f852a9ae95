/**
 * Codes that users meet at the command line and that no other end-to-end test provokes: by what they write
 * and by their files. error-codes-machine.test.ts has those that are due to the machine.
 */
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { writeFileAtomic } from '../../src/base/atomic-file.ts';
import { commitTree } from '../../src/ostree/commit-tree.ts';
import { boundToCollection, MIRROR_REF, mirrorTree } from '../support/mirror-repos.ts';
import { type ErrorCase, IMAGE_PROGRAM, prepareImport, testErrorCases } from './support/error-case.ts';
import { must, mustTreeport } from './support/run.ts';

const IMAGE = `container encapsulate --repo @/repo ${MIRROR_REF} oci:@/image`;

const CASES: readonly ErrorCase[] = [
  {
    code: 'ERR_REPO_CONFIG',
    words: 'repo refs --repo @/repo',
    prepare: ({ at }) => writeFileSync(at('repo/config'), 'no keyfile\n'),
    naming: '@/repo',
  },
  {
    code: 'ERR_FILE_TOO_LARGE',
    words: 'repo refs --repo @/repo',
    prepare: ({ at }) => truncateSync(at('repo/config'), 2 ** 32),
    naming: '@/repo/config',
  },
  {
    code: 'ERR_REF_SYNTAX',
    words: 'tar import --repo @/copy --write-ref ../os @/commit.tar',
    prepare: prepareImport,
    naming: '../os',
    needs: ['ostree'],
  },
  {
    code: 'ERR_REF_CONFLICT',
    words: 'tar import --repo @/copy --write-ref os/new @/commit.tar',
    prepare: async (place) => {
      await prepareImport(place);
      writeFileSync(place.at('copy/refs/heads/os'), `${place.commit}\n`);
    },
    naming: 'os/new',
    needs: ['ostree'],
  },
  {
    code: 'ERR_REMOTE_UNVERIFIED',
    words: 'tar import --repo @/copy --remote os @/commit.tar',
    prepare: async (place) => {
      await prepareImport(place);
      await must([
        'ostree',
        `--repo=${place.at('copy')}`,
        'remote',
        'add',
        '--no-gpg-verify',
        'os',
        'file:///',
      ]);
    },
    naming: '"os"',
    needs: ['ostree'],
  },
  {
    code: 'ERR_TIMESTAMP',
    words: 'container encapsulate --repo @/repo late oci:@/image',
    prepare: async ({ writer }) =>
      writer.ref('late', await commitTree(writer, mirrorTree('x'), { timestamp: 2 ** 40 })),
    naming: '--created',
  },
  {
    code: 'ERR_COMPRESSION',
    words: `${IMAGE} --compression lzma`,
    naming: 'lzma',
    status: 2,
  },
  {
    code: 'ERR_IMAGE_AMBIGUOUS',
    words: 'container info oci:@/image',
    prepare: async ({ folder }) => {
      for (const tag of ['a', 'b'])
        await mustTreeport(`${IMAGE}:${tag} --label tag=${tag}`.replaceAll('@', folder).split(' '));
    },
    naming: 'a, b',
  },
  {
    code: 'ERR_DIGEST_SYNTAX',
    words: 'container info oci:@/image',
    prepare: ({ at }) => {
      mkdirSync(at('image/blobs/sha256'), { recursive: true });
      writeFileSync(at('image/oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
      const mediaType = 'application/vnd.oci.image.manifest.v1+json';
      const manifests = [{ mediaType, digest: 'md5:00', size: 1 }];
      writeFileSync(at('image/index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
    },
    naming: 'md5:00',
  },
  {
    code: 'ERR_CREDENTIALS',
    words: 'container info --creds-file @/creds docker://localhost:1/os',
    prepare: ({ at }) => writeFileSync(at('creds'), 'nobody'),
    naming: '@/creds',
  },
  {
    code: 'ERR_REF_BINDING',
    words: 'mirror build --repo @/repo renamed oci:@/image',
    prepare: ({ writer, commit }) => writer.ref('renamed', commit),
    naming: MIRROR_REF,
  },
  {
    code: 'ERR_RUNTIME',
    words: `mirror build --repo @/repo ${MIRROR_REF} oci:@/image --runtime @/runtime`,
    prepare: ({ at }) => mkdirSync(at('runtime')),
    naming: '@/runtime',
  },
  {
    code: 'ERR_CACHE_DIR',
    words: 'mirror warm --repo @/repo --cache-dir @/cache',
    prepare: ({ at }) => {
      mkdirSync(at('cache'));
      writeFileSync(at('cache/letter'), 'foreign');
    },
    naming: '@/cache',
  },
  {
    code: 'ERR_EXPORT_TARGET',
    words: 'repo export --repo @/repo @/target',
    prepare: ({ at }) => {
      mkdirSync(at('target'));
      writeFileSync(at('target/letter'), 'foreign');
    },
    naming: '@/target',
  },
  {
    code: 'ERR_DELTA_POLICY',
    words: 'delta maintain --repo @/repo --policy @/policy',
    prepare: ({ at }) => writeFileSync(at('policy'), '[refs "**"]\nscrath=true\n'),
    naming: 'scrath',
  },
  {
    code: 'ERR_DELTA_EXISTS',
    words: `delta generate --repo @/repo --profile small ${MIRROR_REF}`,
    prepare: ({ folder }) =>
      mustTreeport(`delta generate --repo @/repo ${MIRROR_REF}`.replaceAll('@', folder).split(' ')),
    naming: '--replace',
  },
  {
    code: 'ERR_DELTA_MISSING',
    words: `delta show --repo @/repo ${'0'.repeat(64)}`,
    naming: '0'.repeat(64),
  },
  {
    code: 'ERR_COLLECTION_CONFLICT',
    words: 'snapshot create --repo @/repo oci:@/image',
    prepare: async ({ writer, at, first }) => {
      const metadata = boundToCollection('org.example.A', 'app');
      await writer.ref('app', await commitTree(writer, mirrorTree('x'), { timestamp: 5, metadata }));
      await writeFileAtomic(at('repo/refs/mirrors/org.example.B/app'), Buffer.from(`${first}\n`));
    },
    naming: 'org.example.B',
  },
  {
    code: 'ERR_SNAPSHOT',
    words: 'snapshot info oci:@/image',
    prepare: ({ folder }) => mustTreeport(IMAGE.replaceAll('@', folder).split(' ')),
    naming: 'oci:@/image',
  },
  {
    code: 'ERR_PIECE',
    words: 'snapshot verify @/os.tar.001',
    prepare: ({ at }) => writeFileSync(at('os.tar.001'), 'no piece'),
    naming: '@/os.tar.001',
  },
  {
    code: 'ERR_NOT_READY',
    words: 'check http://127.0.0.1:1/readyz',
    program: IMAGE_PROGRAM,
    naming: 'http://127.0.0.1:1/readyz',
  },
  {
    code: 'ERR_SERVER_CONFIG',
    words: 'serve --repo @/repo --config @/none',
    naming: '@/none',
  },
];

testErrorCases(CASES);
