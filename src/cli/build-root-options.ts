/** Options of `build-chunked-oci`: which root filesystem becomes an image, and by which rules. */
import { type Command, Option } from 'commander';
import { TreeportError } from '../base/errors.ts';
import type { SpecialFiles, VarContent } from '../container/rootfs/rules.ts';
import type { SelinuxLabels } from '../container/rootfs/selinux.ts';
import type { ImageReference } from '../oci/model/reference.ts';
import type { Signer } from '../ostree/sign/signer.ts';

export type RootCliOptions = {
  readonly rootfs?: string;
  readonly from?: string;
  readonly output: string;
  readonly repo?: string;
  readonly branch?: string;
  readonly var: VarContent;
  readonly special: SpecialFiles;
  readonly selinux: SelinuxLabels;
  readonly created?: string;
  readonly bootc?: boolean;
  readonly signCommit?: readonly string[];
};

export function addRootOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--rootfs <path>',
        'the root filesystem: a directory, or a tar file, plain or compressed',
      ).conflicts('from'),
    )
    .option(
      '--from <image>',
      'take the root filesystem, configuration, labels and history of this image: TRANSPORT:NAME, or its name in container storage',
    )
    .requiredOption(
      '--output <image>',
      'destination: oci:DIR[:TAG], oci-archive:FILE[:TAG], docker://NAME, or any other transport of skopeo',
    )
    .option('--repo <path>', 'also write the commit to this ostree repository')
    .option('--branch <ref>', 'set this ref of the repository to the commit')
    .addOption(
      ruleOption<VarContent>('--var', 'the content of /var: into the commit, or left out', ['keep', 'drop']),
    )
    .addOption(
      ruleOption<SpecialFiles>('--special', 'devices, FIFOs and sockets: an error, or left out', [
        'refuse',
        'skip',
      ]),
    )
    .addOption(
      ruleOption<SelinuxLabels>(
        '--selinux',
        "SELinux labels: by the tree's own policy if it has one, or as they are",
        ['auto', 'keep'],
      ),
    );
}

/** The first of the rules is the default. */
function ruleOption<Rule extends string>(
  name: string,
  description: string,
  rules: readonly [Rule, ...Rule[]],
): Option {
  return new Option(`${name} <rule>`, description).choices(rules).default(rules[0]);
}

export type RootOrigin =
  | { readonly kind: 'path'; readonly path: string; readonly where: string }
  | { readonly kind: 'image'; readonly reference: ImageReference; readonly where: string };

/** Throws ERR_USAGE for options that do not go together. */
export async function originOf(options: RootCliOptions): Promise<RootOrigin> {
  const { rootfs, from, repo, branch } = options;
  if (branch !== undefined && repo === undefined)
    throw new TreeportError('ERR_USAGE', '--branch sets a ref of a repository; give --repo, too');
  if (rootfs !== undefined) return { kind: 'path', path: rootfs, where: rootfs };
  if (from === undefined)
    throw new TreeportError('ERR_USAGE', 'name a root filesystem: --rootfs PATH, or --from IMAGE');
  const { formatImageReference, isImageReference, parseImageReference } = await import(
    '../oci/model/reference.ts'
  );
  const reference = isImageReference(from)
    ? parseImageReference(from)
    : ({ transport: 'containers-storage', name: from } as const);
  return { kind: 'image', reference, where: formatImageReference(reference) };
}

/** `--created` in seconds. ERR_USAGE. */
export async function timestampOf({ created }: RootCliOptions): Promise<number | undefined> {
  if (created === undefined) return undefined;
  const { parseTimestamp } = await import('../base/timestamp.ts');
  const { imageTime } = await import('../container/encapsulate/image-values.ts');
  return parseTimestamp(imageTime(created));
}

/** The keys of `--sign-commit`. ERR_USAGE, ERR_SIGNING_KEY. */
export async function signersOf({ signCommit = [] }: RootCliOptions): Promise<readonly Signer[]> {
  if (signCommit.length === 0) return [];
  const { parseSignerSpec } = await import('../ostree/sign/signer-spec.ts');
  // rpm-ostree writes the path alone.
  const specs = signCommit.map((text) => text.replace(/^(\w+)=(?!file:|command:)/, '$1=file:'));
  return specs.flatMap((spec) => parseSignerSpec(spec, '--sign-commit'));
}
