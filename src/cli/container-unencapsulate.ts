import type { Command } from 'commander';
import { TreeportError } from '../base/errors.ts';
import type { ImportEvent } from '../container/import/import-events.ts';
import type { MountedReport } from '../container/import/import-mounted.ts';
import type { ImportReport } from '../container/import/unencapsulate.ts';
import type { OstreeImageReference } from '../container/inspect/ostree-image-reference.ts';
import {
  allOption,
  archOption,
  type ChosenPlatform,
  type PlatformOptions,
  platformsForOstree,
} from './arch-option.ts';
import { disableIncrementalMarking } from './gc-flags.ts';
import { checkTimestampOption, quietOption, repoOption, timestampCheckOption } from './options.ts';
import { printJson, printLine } from './output.ts';
import { startProgress } from './progress.ts';
import { addRegistryOptions, type RegistryOptions, registryAccess } from './registry-options.ts';
import { warn } from './report.ts';

type Options = RegistryOptions &
  PlatformOptions & {
    readonly repo: string;
    readonly writeRef?: string;
    readonly timestampCheck?: boolean;
    readonly unverified?: boolean;
    readonly quiet?: boolean;
    readonly json?: boolean;
  };

type Report = ImportReport | MountedReport;

export function addContainerUnencapsulate(group: Command): void {
  const command = group
    .command('unencapsulate')
    .alias('import')
    .description('import the commit of an image made by ostree-ext, rpm-ostree or treeport into a repository')
    .argument(
      '<image>',
      'ostree-remote-image:REMOTE:IMAGE, ostree-image-signed:IMAGE or ostree-unverified-image:IMAGE',
    )
    .addOption(repoOption())
    .option('--write-ref <ref>', 'set this ref to the commit')
    .addOption(timestampCheckOption())
    .option(
      '--unverified',
      'accept an image reference without a verification scheme, and verify no signature',
    )
    .addOption(archOption())
    .addOption(allOption().conflicts('writeRef'));
  addRegistryOptions(command)
    .option('--json', 'print progress and results as JSON, one object per line')
    .addOption(quietOption())
    .action(importImage);
}

async function importImage(text: string, options: Options): Promise<void> {
  checkTimestampOption(options);
  const reference = await referenceOf(text, options);
  await disableIncrementalMarking();
  const reporter = options.json ? jsonReporter() : progressReporter(options);
  try {
    const mounted = await importByMount(reference, options, reporter);
    const report = async (imported: Report) => {
      reporter.stop();
      if (options.json) await printJson(importedEvent(imported, options.writeRef));
      else await printReport(imported, options);
    };
    if (mounted !== undefined) return await report(mounted);
    for (const platform of await platformsForOstree(reference.image, options))
      await report(await importLayers(reference, platform, options, reporter));
  } catch (error) {
    reporter.stop();
    throw error;
  }
}

/**
 * Undefined if the image cannot be imported so: mounted files have no manifests to choose an architecture
 * from.
 */
async function importByMount(
  reference: OstreeImageReference,
  options: Options,
  { onEvent }: Reporter,
): Promise<MountedReport | undefined> {
  const { arch, all } = options;
  if (reference.image.transport !== 'containers-storage' || arch !== undefined || all) return undefined;
  const { importFromStorage } = await import('../container/import/import-from-storage.ts');
  return importFromStorage(reference, {
    ...refTarget(options),
    onProgress: (bytes) => onEvent({ event: 'progress', bytes }),
  });
}

async function importLayers(
  reference: OstreeImageReference,
  platform: ChosenPlatform,
  options: Options,
  { onEvent }: Reporter,
): Promise<ImportReport> {
  const { unencapsulate } = await import('../container/import/unencapsulate.ts');
  const { openOstreeImage } = await import('../container/inspect/open-ostree-image.ts');
  const image = await openOstreeImage(reference, { ...(await registryAccess(options)), ...platform });
  try {
    return await unencapsulate(image, {
      ...refTarget(options),
      verification: reference.verification,
      onEvent,
    });
  } finally {
    await image.close();
  }
}

function refTarget({ repo, writeRef, timestampCheck = false }: Options) {
  return { repo, timestampCheck, warn, ...(writeRef === undefined ? {} : { writeRef }) };
}

async function referenceOf(text: string, { unverified = false }: Options): Promise<OstreeImageReference> {
  const { hasVerificationScheme, parseOstreeImageReference, unverifiedReference } = await import(
    '../container/inspect/ostree-image-reference.ts'
  );
  const { isImageReference, parseImageReference } = await import('../oci/model/reference.ts');
  const isBare = !hasVerificationScheme(text) && (unverified || isImageReference(text));
  if (!isBare) return parseOstreeImageReference(text);
  const image = parseImageReference(text);
  if (!unverified) {
    throw new TreeportError(
      'ERR_UNVERIFIED_REFERENCE',
      `${text} does not say how to verify it: write ostree-remote-image:REMOTE:${text}, or ostree-unverified-image:${text}, or give --unverified`,
    );
  }
  warn(`the signatures of ${text} are not verified`);
  return unverifiedReference(image);
}

type Reporter = {
  readonly onEvent: (event: ImportEvent) => void;
  stop(): void;
};

function progressReporter({ quiet }: Options): Reporter {
  const progress = startProgress({ label: 'import', unit: 'bytes', quiet });
  return {
    onEvent: (event) => {
      if (event.event === 'progress') progress.update(event.bytes, event.total);
    },
    stop: () => progress.stop(),
  };
}

/** Milliseconds between progress events. */
const PROGRESS_INTERVAL = 500;

/** Does not wait for stdout to drain, because lines are short and few. */
function jsonReporter(): Reporter {
  const printed = { progress: 0 };
  return {
    onEvent: (event) => {
      if (event.event === 'progress') {
        if (Date.now() - printed.progress < PROGRESS_INTERVAL) return;
        printed.progress = Date.now();
      }
      void printJson(event);
    },
    stop: () => {},
  };
}

function importedEvent({ commit, signatures, ...counts }: Report, ref: string | undefined): object {
  return { event: 'imported', commit, ref: ref ?? null, ...counts, signatures };
}

async function printReport(report: Report, { writeRef, quiet }: Options): Promise<void> {
  await printLine(`Imported: ${writeRef === undefined ? '' : `${writeRef} => `}${report.commit}`);
  if (quiet) return;
  await printLine('objects' in report ? objectsText(report) : layersText(report));
  for (const { kind, key, signer } of report.signatures)
    await printLine(`signed: ${kind} ${key}${signer === undefined ? '' : ` ${signer}`}`);
}

function layersText({ fetched, cached, derived }: ImportReport): string {
  const layers = [`layers: ${fetched} fetched`, `${cached} cached`];
  if (derived > 0) layers.push(`${derived} derived left out`);
  return layers.join(', ');
}

function objectsText({ objects }: MountedReport): string {
  return `${objects.imported} objects imported from the mounted image, ${objects.present} already present`;
}
