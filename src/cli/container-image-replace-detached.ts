import type { Command } from 'commander';
import { TreeportError } from '../base/errors.ts';
import type { OpenedImage } from '../oci/read/opened-image.ts';
import type { ChosenCommits } from '../snapshot/commit-heads.ts';
import type { CommitHead } from '../tar/import-commit.ts';
import { allOption, archOption, type PlatformOptions } from './arch-option.ts';
import { collectText } from './encapsulate-options.ts';
import { publishChanged } from './publish-changed.ts';
import { addPublishOptions, type PublishOptions } from './publish-options.ts';
import { warn } from './report.ts';

type Options = PublishOptions &
  PlatformOptions & {
    readonly src: string;
    readonly dest: string;
    readonly sign?: readonly string[];
    readonly commit?: readonly string[];
  };

export function addContainerImage(group: Command): void {
  const command = group
    .command('image')
    .description('change images')
    .helpCommand(false)
    .command('replace-detached-metadata')
    .description(
      'put new detached metadata of commits, such as signatures, into an image; print its new digest',
    )
    .argument('[contents]', 'file with the new metadata, a serialized a{sv} (default: remove it)')
    .requiredOption('--src <image>', 'the image: oci:DIR[:TAG], docker://NAME, …')
    .requiredOption('--dest <image>', 'where to write the changed image')
    .addOption(archOption())
    .addOption(allOption())
    .option(
      '--sign <type=source>',
      'instead of replacing, add a signature by ed25519=file:PATH, spki=file:PATH or TYPE=command:COMMAND; may be repeated',
      collectText,
    )
    .option(
      '--commit <name>',
      'a ref, glob of refs or commit of a snapshot or mirror image; may be repeated (default: the commit that the image boots)',
      collectText,
    )
    .action(replace);
  addPublishOptions(command);
}

async function replace(contents: string | undefined, options: Options): Promise<void> {
  const { parseImageReference } = await import('../oci/model/reference.ts');
  const { replaceDetached } = await import('../container/signatures/replace-detached.ts');
  const { resignedFiles } = await import('../mirror/resigned-files.ts');
  if (contents !== undefined && options.sign !== undefined)
    throw new TreeportError('ERR_USAGE', 'give either a file with the new metadata or --sign');
  if (contents !== undefined && options.all)
    throw new TreeportError('ERR_USAGE', 'new metadata is for one commit; choose its image with --arch');
  const [from, to] = [parseImageReference(options.src), parseImageReference(options.dest)];
  const change =
    options.sign === undefined ? await contentsChange(contents) : await signingChange(options.sign);
  const published = resignedFiles(warn);
  await publishChanged(
    'replace-detached-metadata',
    { from, to },
    options,
    async (image, sink, onProgress) => {
      const commits = await chosenCommits(image, options);
      if (options.sign === undefined && Number(commits.encapsulated) + commits.carried.length !== 1)
        throw new TreeportError('ERR_USAGE', 'new metadata is for one commit; name one with --commit');
      return replaceDetached(image, sink, { change, commits, published, onProgress });
    },
  );
}

async function chosenCommits(image: OpenedImage, { commit }: Options): Promise<ChosenCommits> {
  if (commit !== undefined) {
    const { chooseCommits } = await import('../snapshot/commit-heads.ts');
    const { openSnapshot } = await import('../snapshot/open.ts');
    return chooseCommits(await openSnapshot(image), commit);
  }
  const { LABEL_FINAL_DIFFID, LABEL_REFS } = await import('../container/labels.ts');
  const { formatImageReference } = await import('../oci/model/reference.ts');
  const { Labels = {} } = image.config.config ?? {};
  if (Labels[LABEL_REFS] !== undefined && Labels[LABEL_FINAL_DIFFID] === undefined)
    throw new TreeportError(
      'ERR_USAGE',
      `the snapshot ${formatImageReference(image.reference)} boots no commit; name those to change with --commit, '**' for the newest of every ref`,
    );
  return { encapsulated: true, carried: [] };
}

type Change = (head: CommitHead) => Promise<Uint8Array | undefined>;

async function contentsChange(path: string | undefined): Promise<Change> {
  if (path === undefined) return async () => undefined;
  const { readRegularFile } = await import('../base/open-beneath.ts');
  const { MAX_METADATA_BYTES } = await import('../ostree/limits.ts');
  const { parseDict } = await import('../ostree/metadata-dict.ts');
  const bytes = readRegularFile(path, MAX_METADATA_BYTES);
  if (bytes === undefined) throw new TreeportError('ERR_IO', `cannot read ${path}: no such file`);
  parseDict(bytes);
  return async () => bytes;
}

async function signingChange(specs: readonly string[]): Promise<Change> {
  const { parseSignerSpec } = await import('../ostree/sign/signer-spec.ts');
  const { addSignatures } = await import('../ostree/sign/signer.ts');
  const { parseDict, serializeDict } = await import('../ostree/metadata-dict.ts');
  const signers = specs.flatMap((text) => parseSignerSpec(text, '--sign'));
  return async ({ commit, bytes, detached }) => {
    const before = detached === undefined ? new Map() : parseDict(detached);
    return serializeDict(await addSignatures(before, bytes, { signers, what: `commit ${commit}` }));
  };
}
