/**
 * The plan of a commit's layers, by the options that people give: packed components, the layers that a
 * contentmeta file lists, or one layer.
 */
import type { Warn } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { parseCommit } from '../../ostree/commit.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import type { PackageFormat } from '../../packages/package.ts';
import { hasPackages } from '../../packages/read-packages.ts';
import { commitObjects } from '../../tar/chunk.ts';
import { wholeCommit } from '../encapsulate/layer-plan.ts';
import { commitComponents } from '../packing/components.ts';
import { type LayerPacking, planComponents } from '../packing/plan-components.ts';
import type { PlanRecord } from '../packing/plan-record.ts';
import { type Contentmeta, withMeasures } from './contentmeta.ts';
import { planByMapping } from './contentmeta-plan.ts';
import type { PlannedCommit } from './planned-commit.ts';

export type PlanCommitOptions = {
  /** Default: `stable` if the commit has packages, else `single`. */
  readonly packing?: LayerPacking;
  /** The format of the package database, or `none`; by default, the first that the commit has. */
  readonly packages?: PackageFormat | 'none';
  /** Component layers at most. */
  readonly maxLayers?: number;
  /** The plan of the previous build. */
  readonly previous?: PlanRecord;
  readonly contentmeta?: Contentmeta;
  /** Told about records of package databases that cannot be used. */
  readonly warn?: Warn;
};

/** ERR_LAYER_PLAN, ERR_CONTENTMETA, ERR_PACKAGE_DATABASE. */
export async function planCommit(
  source: ObjectSource,
  checksum: Checksum,
  options: PlanCommitOptions = {},
): Promise<PlannedCommit> {
  const { contentmeta, maxLayers, previous, warn = () => {} } = options;
  if (contentmeta?.kind === 'mapping') return planByMapping(source, checksum, contentmeta);
  const commit = parseCommit(await source.metadata('commit', checksum));
  const format = options.packages === undefined ? {} : { format: options.packages };
  const packing = options.packing ?? ((await hasPackages(source, commit, format)) ? 'stable' : 'single');
  if (packing === 'single') return oneLayer(source, checksum);
  const found = await commitComponents(source, commit, { packing, warn, ...format });
  const components =
    contentmeta === undefined ? found.components : withMeasures(found.components, contentmeta);
  const planned = planComponents(components, {
    packing,
    ...(maxLayers === undefined ? {} : { maxLayers }),
    ...(previous === undefined ? {} : { previous }),
  });
  return { packing, components, ...planned };
}

async function oneLayer(source: ObjectSource, commit: Checksum): Promise<PlannedCommit> {
  const plan = wholeCommit(await commitObjects(source, commit));
  return { packing: 'single', plan, record: undefined, components: [], notes: [] };
}
