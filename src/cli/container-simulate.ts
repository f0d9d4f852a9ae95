import { type Command, InvalidArgumentError, Option } from 'commander';
import { formatByteSize } from '../base/byte-size.ts';
import {
  DEFAULT_MAX_LAYERS,
  LAYER_PACKINGS,
  type LayerPacking,
} from '../container/packing/plan-components.ts';
import type { SimulatedCommit, SimulatedStep } from '../container/simulate/simulate.ts';
import { repoOption } from './options.ts';
import { printJson, printLine } from './output.ts';
import { type PackagesOptions, packagesOption, readOptions } from './packages-options.ts';

type Options = PackagesOptions & {
  readonly packing: readonly LayerPacking[];
  readonly maxLayers: number;
  readonly json?: boolean;
  readonly svg?: string;
};

export function addContainerSimulate(group: Command): void {
  group
    .command('simulate')
    .description(
      'play a history of commits under several packings of layers: what each update downloads, about, with the plan of the image before and without (cold)',
    )
    .argument('<revision...>', 'the commits, oldest first: refs, commits or REF^')
    .addOption(repoOption())
    .addOption(
      new Option('--packing <kind>', 'a packing to play; may be repeated (default: all)')
        .choices(LAYER_PACKINGS)
        .argParser(collectPacking)
        .default([], 'all'),
    )
    .option('--max-layers <number>', 'component layers of each image', parseLayers, DEFAULT_MAX_LAYERS)
    .addOption(packagesOption())
    .option('--json', 'print everything as one JSON document')
    .option('--svg <file>', 'draw the updates as a chart')
    .action(runSimulation);
}

function collectPacking(value: string, before: readonly LayerPacking[]): readonly LayerPacking[] {
  const packing = LAYER_PACKINGS.find((each) => each === value);
  if (packing === undefined)
    throw new InvalidArgumentError(`It must be one of ${LAYER_PACKINGS.join(', ')}.`);
  return before.includes(packing) ? before : [...before, packing];
}

function parseLayers(value: string): number {
  if (/^[1-9]\d{0,3}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('It must be a number of layers from 1 to 9999.');
}

async function runSimulation(revisions: readonly string[], options: Options): Promise<void> {
  const { simulate } = await import('../container/simulate/simulate.ts');
  const { resolveRevision } = await import('../ostree/revision.ts');
  const { openRepo } = await import('./open-repo.ts');
  const repo = await openRepo(options.repo);
  const commits: SimulatedCommit[] = [];
  for (const name of revisions) commits.push({ name, commit: await resolveRevision(repo, name) });
  const steps = await simulate(repo.objects, commits, {
    packings: options.packing.length === 0 ? ['stable', 'compatible', 'single'] : options.packing,
    maxLayers: options.maxLayers,
    ...readOptions(options),
  });
  if (options.svg !== undefined) await writeChart(options.svg, steps);
  if (options.json) return printJson({ steps }, 2);
  for (const line of await simulationLines(steps)) await printLine(line);
}

async function writeChart(path: string, steps: readonly SimulatedStep[]): Promise<void> {
  const { historyChart } = await import('../container/simulate/chart.ts');
  const { writeFileAtomic } = await import('../base/atomic-file.ts');
  await writeFileAtomic(path, Buffer.from(historyChart(steps)));
}

/** One row for each step, and a sum of the updates; then what the plans have to say. */
async function simulationLines(steps: readonly SimulatedStep[]): Promise<readonly string[]> {
  const { seriesName } = await import('../container/simulate/chart.ts');
  const { tableLines } = await import('./table-lines.ts');
  const names = steps[0]?.updates.map(seriesName) ?? [];
  const bytesOf = ({ minimum, updates }: SimulatedStep) => [minimum, ...updates.map(({ bytes }) => bytes)];
  const rows = steps.map((step, index) => [
    `${step.name}${index === 0 ? ' (image)' : ''}`,
    ...bytesOf(step).map((bytes) => formatByteSize(bytes)),
  ]);
  const sums = names
    .concat('minimum')
    .map((_, column) => steps.slice(1).reduce((sum, step) => sum + (bytesOf(step)[column] ?? 0), 0));
  const total = ['all updates', ...sums.map((bytes) => formatByteSize(bytes))];
  const notes = steps.flatMap(({ name, updates }) =>
    updates.flatMap((update) => update.notes.map((note) => `${name}, ${seriesName(update)}: ${note}`)),
  );
  return [
    ...tableLines([['COMMIT', 'MINIMUM', ...names.map((name) => name.toUpperCase())], ...rows, total]),
    ...notes,
  ];
}
