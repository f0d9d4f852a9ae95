/** `container build-chunked-oci`: an encapsulated image of a root filesystem, as rpm-ostree makes one. */
import { type Command, Option } from 'commander';
import { TreeportError } from '../base/errors.ts';
import type { SpecialFiles, VarContent } from '../container/rootfs/rules.ts';
import {
  addEncapsulateOptions,
  type EncapsulateCliOptions,
  encapsulateOptions,
} from './encapsulate-options.ts';
import { addImageSigningOptions } from './image-signing-options.ts';
import { authfileOption, quietOption } from './options.ts';
import { warn } from './report.ts';
import { type PublishOptions, publishAndPrint } from './run-publish.ts';

type Options = EncapsulateCliOptions &
  PublishOptions & {
    readonly rootfs: string;
    readonly output: string;
    readonly var: VarContent;
    readonly special: SpecialFiles;
  };

export function addContainerBuildChunkedOci(group: Command): void {
  const command = group
    .command('build-chunked-oci')
    .description(
      'make an OCI image of a root filesystem that is no commit yet, and print its manifest digest',
    )
    .requiredOption('--rootfs <dir>', 'the root filesystem')
    .requiredOption(
      '--output <image>',
      'destination: oci:DIR[:TAG], oci-archive:FILE[:TAG], docker://NAME, or any other transport of skopeo',
    )
    .addOption(
      new Option('--var <rule>', 'the content of /var: into the commit, or left out')
        .choices(['keep', 'drop'] satisfies VarContent[])
        .default('keep' satisfies VarContent),
    )
    .addOption(
      new Option('--special <rule>', 'devices, FIFOs and sockets: an error, or left out')
        .choices(['refuse', 'skip'] satisfies SpecialFiles[])
        .default('refuse' satisfies SpecialFiles),
    );
  addEncapsulateOptions(command).addOption(authfileOption()).addOption(quietOption());
  addImageSigningOptions(command).action(buildChunkedOci);
}

async function buildChunkedOci(options: Options): Promise<void> {
  const { parseImageReference } = await import('../oci/model/reference.ts');
  const { libcXattrs } = await import('../native/libc/xattrs.ts');
  const { scanDirectory } = await import('../container/rootfs/scan-directory.ts');
  const { contentRules } = await import('../container/rootfs/rules.ts');
  const { prepareRoot } = await import('../container/rootfs/prepare-root.ts');
  const { encapsulate } = await import('../container/encapsulate/encapsulate.ts');
  const { finishImage } = await import('../container/encapsulate/image-draft.ts');
  const output = parseImageReference(options.output);
  const imageOptions = await encapsulateOptions(options);
  const timestamp = await timestampOf(options);
  const { rootfs, special } = options;
  await publishAndPrint(output, 'build-chunked-oci', options, async (sink, onProgress) => {
    const rules = contentRules(options.var);
    const tree = scanDirectory(rootfs, { rules, special, xattrs: libcXattrs });
    const { commit, source, notes } = await prepareRoot(tree, { where: rootfs, timestamp });
    for (const note of notes) warn(note);
    return finishImage(sink, await encapsulate(source, commit, sink, { ...imageOptions, onProgress }));
  });
}

/** `--created` in seconds. */
async function timestampOf({ created }: Options): Promise<number | undefined> {
  if (created === undefined) return undefined;
  const { parseTimestamp } = await import('../base/timestamp.ts');
  const timestamp = parseTimestamp(created);
  if (timestamp !== undefined) return timestamp;
  throw new TreeportError(
    'ERR_USAGE',
    `--created is the time of the commit, too, so it must be RFC 3339, as 2026-11-20T14:27:28Z: ${JSON.stringify(created)}`,
  );
}
