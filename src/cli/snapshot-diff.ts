import type { Command } from 'commander';
import { formatByteSize } from '../base/byte-size.ts';
import type { Side } from '../snapshot/diff.ts';
import { archOption } from './arch-option.ts';
import { openAnyRepo } from './open-repo.ts';
import { printJson, printLine, printNames, shownName } from './output.ts';
import { addRegistryOptions } from './registry-options.ts';
import { mediumOption, type SnapshotImageOptions, withSnapshotImage } from './snapshot-image.ts';

type Options = SnapshotImageOptions & { readonly json?: boolean };

export function addSnapshotDiff(group: Command): void {
  const command = group
    .command('diff')
    .description('what a snapshot or repository has that another lacks: refs, commits, objects, bytes')
    .argument('<from>', 'an image, or the path of a repository')
    .argument('<to>', 'an image, or the path of a repository');
  addRegistryOptions(command)
    .addOption(mediumOption())
    .addOption(archOption())
    .option('--json', 'print it as JSON')
    .action(diff);
}

async function diff(from: string, to: string, options: Options): Promise<void> {
  const { diffSnapshots } = await import('../snapshot/diff.ts');
  const found = diffSnapshots(await sideOf(from, options), await sideOf(to, options));
  if (options.json) {
    await printJson(found, 2);
    return;
  }
  const { refs, commits, objects, layers } = found;
  for (const name of refs.removed) await printNames(`- ${shownName(name)}`);
  for (const name of refs.added) await printNames(`+ ${shownName(name)}`);
  for (const name of refs.changed) await printNames(`M ${shownName(name)}`);
  await printLine(`commits: ${commits.added.length} added, ${commits.removed.length} removed`);
  await printLine(
    `objects: ${objects.added} added, ${formatByteSize(objects.bytes)}; ${objects.removed} removed`,
  );
  if (layers !== undefined)
    await printLine(`layers:  ${layers.added} to fetch, ${formatByteSize(layers.bytes)}`);
}

async function sideOf(text: string, options: Options): Promise<Side> {
  const { isImageReference } = await import('../oci/model/reference.ts');
  const { repositorySide, snapshotSide } = await import('../snapshot/diff.ts');
  const { hasVerificationScheme } = await import('../container/inspect/ostree-image-reference.ts');
  if (!hasVerificationScheme(text) && !isImageReference(text)) return repositorySide(await openAnyRepo(text));
  return withSnapshotImage(text, options, async (snapshot) => snapshotSide(snapshot));
}
