import type { Command } from 'commander';
import { DEFAULT_COMPRESSION, parseCompression } from '../oci/compression.ts';
import { authfileOption, quietOption } from './options.ts';
import { printLine } from './output.ts';
import { startProgress } from './progress.ts';

type Words = {
  readonly arch?: string;
  readonly compression?: string;
  readonly authfile?: string;
  readonly quiet?: boolean;
};

export function addMirrorRuntime(group: Command): void {
  group
    .command('runtime')
    .description('make an image of what mirror images run with, for the Containerfile and for --runtime')
    .argument('<image>', 'where to: oci:DIR[:TAG], oci-archive:FILE[:TAG], docker://NAME, …')
    .option('--arch <name>', 'architecture, of which this machine has Node and libraries (default: its own)')
    .option('--compression <kind>', 'gzip[:1-9] or zstd[:1-19] (default: gzip:6)')
    .addOption(authfileOption())
    .addOption(quietOption())
    .action(makeRuntimeImage);
}

async function makeRuntimeImage(image: string, words: Words): Promise<void> {
  const { parseImageReference } = await import('../oci/reference.ts');
  const { goArchitecture } = await import('../oci/platform.ts');
  const { publishImage } = await import('../oci/publish.ts');
  const { buildRuntimeImage } = await import('../mirror/runtime-image.ts');
  const { installedRuntime } = await import('../mirror/runtime/runtime-source.ts');
  const target = parseImageReference(image);
  const compression =
    words.compression === undefined ? DEFAULT_COMPRESSION : parseCompression(words.compression);
  const runtime = await installedRuntime(goArchitecture(words.arch ?? process.arch));
  const progress = startProgress({ label: 'mirror runtime', unit: 'bytes', quiet: words.quiet });
  try {
    const digest = await publishImage(
      target,
      (sink) =>
        buildRuntimeImage(sink, { runtime, compression, onProgress: (bytes) => progress.update(bytes) }),
      words.authfile === undefined ? {} : { authfile: words.authfile },
    );
    progress.stop();
    await printLine(digest);
  } catch (error) {
    progress.stop();
    throw error;
  }
}
