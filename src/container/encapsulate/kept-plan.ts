/**
 * What a layer cache keeps of the plan of an image: enough to make the image again from its layers, if all of
 * them are in the cache. Nothing is planned then, and no tree is walked. In a file, the SHA-256 of the rest
 * of the file, a line end, and JSON:
 *
 *     {"layers":[{"comment":…,"name":…,"objects":…,"packages":[…]},…],"notes":[…],"recorded":…}
 */
import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { canonicalJson } from '../../oci/model/canonical-json.ts';
import { digestOf } from '../../oci/model/descriptor.ts';
import { type Json, jsonArray, jsonObject, jsonSize, jsonString, parseJson } from '../../oci/model/json.ts';
import { formatLayerComment, parseLayerComment } from '../layer-comment.ts';
import type { PlanMember, PlanRecord } from '../packing/plan-record.ts';
import { renewUse } from './layer-cache-directory.ts';
import type { LayerKey } from './layer-key.ts';
import type { LayerPlan } from './layer-plan.ts';

export type MadePlan = {
  readonly plan: LayerPlan;
  /** What a later build needs of the plan; undefined if it needs nothing. */
  readonly record?: PlanRecord | undefined;
  /** Lines for people. */
  readonly notes: readonly string[];
};

export type KeptLayerPlan = {
  readonly key: LayerKey;
  readonly name: string;
  readonly packages: readonly string[];
  /** Number of content objects. */
  readonly objects: number;
};

export type KeptPlan = Pick<MadePlan, 'record' | 'notes'> & {
  /** The ostree layer first. */
  readonly layers: readonly KeptLayerPlan[];
};

export function keptPlan({ plan, record, notes }: MadePlan, keys: readonly LayerKey[]): KeptPlan {
  const layers = plan.map(({ name, packages, objects }, index) => {
    const key = keys[index] as LayerKey;
    return { key, name, packages, objects: objects.size };
  });
  return { layers, record, notes };
}

/** Undefined if there is none, or it is damaged. */
export async function readKeptPlan(path: string): Promise<KeptPlan | undefined> {
  try {
    const found = parseKeptPlan(await readFile(path), path);
    if (found !== undefined) await renewUse(path);
    return found;
  } catch {
    return undefined;
  }
}

export function writeKeptPlan(path: string, plan: KeptPlan): Promise<void> {
  return writeFileAtomic(path, formatKeptPlan(plan));
}

function formatKeptPlan({ layers, record, notes }: KeptPlan): Buffer {
  const json = canonicalJson({
    layers: layers.map(({ key, name, packages, objects }, index) => ({
      ...{ name, packages, objects },
      comment: formatLayerComment({ key, components: index === 0 ? undefined : record?.layers[index - 1] }),
    })),
    notes,
    recorded: record !== undefined,
  });
  return Buffer.concat([Buffer.from(`${digestOf(json)}\n`), json]);
}

function parseKeptPlan(file: Buffer, path: string): KeptPlan | undefined {
  const end = file.indexOf('\n');
  const bytes = file.subarray(end + 1);
  if (file.toString('latin1', 0, Math.max(end, 0)) !== digestOf(bytes)) return undefined;
  const { layers, notes, recorded } = jsonObject(parseJson(bytes, path), path);
  const found: KeptLayerPlan[] = [];
  const members: (readonly PlanMember[])[] = [];
  for (const layer of jsonArray(layers, path)) {
    const { name, packages, objects, comment } = jsonObject(layer, path);
    const parsed = parseLayerComment(comment);
    if (parsed === undefined) return undefined;
    const texts = { name: jsonString(name, path), packages: stringsOf(packages, path) };
    found.push({ key: parsed.key, ...texts, objects: jsonSize(objects, path) });
    members.push(parsed.components ?? []);
  }
  const record = recorded === true ? { layers: members.slice(1) } : undefined;
  return { layers: found, record, notes: stringsOf(notes, path) };
}

function stringsOf(value: Json | undefined, path: string): readonly string[] {
  return jsonArray(value, path).map((text) => jsonString(text, path));
}
