/** Options of the verbs that make mirror images. */
import { Option } from 'commander';
import { formatByteSize } from '../base/byte-size.ts';
import type { BakedShare } from '../mirror/mirror-layers.ts';
import { DEFAULT_BAKE, parseBake } from '../mirror/packs/bake.ts';
import type { Runtime } from '../mirror/runtime/runtime.ts';
import type { StoredDelta } from '../mirror/stored-deltas.ts';
import type { RegistryAccess } from '../oci/skopeo/registry-access.ts';
import type { Signer } from '../ostree/sign/signer.ts';
import { collectText } from './encapsulate-options.ts';
import { printMessage } from './report.ts';
import { savingText } from './saving-text.ts';

/** `--runtime`: a runtime of another architecture, or an existing one. */
export function runtimeOption(): Option {
  return new Option(
    '--runtime <image or directory>',
    "take the runtime from this runtime image or directory (default: assemble it from this machine's files)",
  );
}

/** Opens the runtime that the option names; by default assembles this machine's. */
export async function runtimeFrom(
  runtime: string | undefined,
  architecture: string,
  access: RegistryAccess = {},
): Promise<Runtime> {
  const { installedRuntime, runtimeInDirectory } = await import('../mirror/runtime/runtime.ts');
  if (runtime === undefined) return installedRuntime(architecture);
  const { isImageReference, parseImageReference } = await import('../oci/model/reference.ts');
  if (!isImageReference(runtime)) return runtimeInDirectory(runtime);
  const { runtimeInImage } = await import('../mirror/runtime/runtime-in-image.ts');
  return runtimeInImage(parseImageReference(runtime), architecture, access);
}

/** `--bake`: which objects are put into the image ready to be sent. */
export function bakeOption(): Option {
  return new Option(
    '--bake <which>',
    'put objects into the image ready to be sent: none, auto (small ones), all, or as many as fit into a size',
  )
    .argParser(parseBake)
    .default(DEFAULT_BAKE);
}

/** `--delta`: which static deltas are made for the image. */
export function deltaOption(): Option {
  return new Option(
    '--delta <which>',
    'make static deltas: parent (from the parent of each commit, unless it saves too little), scratch, ' +
      'virtual (from scratch, made when clients ask), from=REVISION, policy=FILE, or none; may be repeated ' +
      '(default: parent and virtual)',
  ).argParser(collectText);
}

/** `--delta` where there is no repository to make others from. */
export function virtualDeltaOption(): Option {
  return new Option('--delta <which>', 'static deltas: virtual (from scratch, made when clients ask) or none')
    .choices(['virtual', 'none'])
    .default('virtual');
}

/** Prints a line on stderr about each delta that was made, unless `--quiet` is set. */
export function deltaReporter({ quiet }: { readonly quiet?: boolean }): (made: StoredDelta) => void {
  return ({ name, saving, isKept }) => {
    if (quiet) return;
    const what = name.from === undefined ? 'from scratch' : `from ${name.from}`;
    const end = isKept ? '' : ': left out, because it saves too little';
    printMessage(`delta ${what} to ${name.to}: ${savingText(saving)}${end}`);
  };
}

/** Prints a line on stderr about what was baked, unless `--quiet` is set. */
export function bakedReporter({ quiet }: { readonly quiet?: boolean }): (baked: BakedShare) => void {
  return ({ objects, packs, layerBytes, otherBytes }) => {
    if (quiet || packs === 0) return;
    const share = ((100 * layerBytes) / otherBytes).toFixed(1);
    const files = packs === 1 ? '1 pack' : `${packs} packs`;
    printMessage(
      `baked ${objects} objects: ${formatByteSize(layerBytes)} in ${files}, ${share} % on top of ${formatByteSize(otherBytes)}`,
    );
  };
}

/** `--sign-summary`: keys of the mirror's own. */
export function signSummaryOption(): Option {
  return new Option(
    '--sign-summary <type=source>',
    "sign the mirror's summary by ed25519=file:PATH, spki=file:PATH or TYPE=command:COMMAND; may be repeated",
  ).argParser(collectText);
}

/** The signers of `--sign-summary`. */
export async function summarySigners(options: {
  readonly signSummary?: readonly string[];
}): Promise<readonly Signer[]> {
  const { signSummary = [] } = options;
  if (signSummary.length === 0) return [];
  const { parseSignerSpec } = await import('../ostree/sign/signer-spec.ts');
  return signSummary.flatMap((text) => parseSignerSpec(text, '--sign-summary'));
}
