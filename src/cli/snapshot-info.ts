import type { Command } from 'commander';
import { formatByteSize } from '../base/byte-size.ts';
import { timestampText } from '../base/timestamp.ts';
import { imageArgument } from './image-argument.ts';
import { printJson, printLine } from './output.ts';
import { addProxyOptions, type ProxyOptions, registryAccess } from './proxy-options.ts';

type Options = ProxyOptions & { readonly json?: boolean };

export function addSnapshotInfo(group: Command): void {
  const command = group
    .command('info')
    .description('what a snapshot holds, and what of it is layers; reads its smallest layers only')
    .argument('<image>', 'the snapshot');
  addProxyOptions(command).option('--json', 'print it as JSON, with all refs and commits').action(info);
}

async function info(text: string, options: Options): Promise<void> {
  const { openOstreeImage } = await import('../container/inspect/open-ostree-image.ts');
  const { openSnapshot } = await import('../snapshot/open.ts');
  const { snapshotInfo } = await import('../snapshot/info.ts');
  const { reference, name } = imageArgument(text);
  const image = await openOstreeImage(reference, registryAccess(options));
  try {
    const about = snapshotInfo(await openSnapshot(image));
    if (options.json) {
      await printJson(about, 2);
      return;
    }
    const { digest, main, refs, commits, objects, layers } = about;
    await printLine(`Image:     ${name}`);
    await printLine(`Digest:    ${digest}`);
    await printLine(`Main:      ${main === undefined ? 'none: the image does not boot' : main}`);
    const newest = Math.max(...commits.map(({ timestamp }) => timestamp));
    await printLine(`Refs:      ${refs.length}`);
    await printLine(`Commits:   ${commits.length}, the newest of ${timestampText(newest)}`);
    await printLine(
      `Objects:   ${objects.content} files, ${objects.metadata} of metadata` +
        (objects.dead === 0 ? '' : `; ${objects.dead} of former snapshots are left in layers`),
    );
    const size = layers.reduce((sum, layer) => sum + layer.size, 0);
    await printLine(`Layers:    ${layers.length} with objects, ${formatByteSize(size)}`);
    await printLine(`Size:      ${formatByteSize(about.size)} in all`);
  } finally {
    await image.close();
  }
}
