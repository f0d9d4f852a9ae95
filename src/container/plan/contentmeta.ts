/**
 * Contentmeta files, JSON in one of two schemas:
 *
 * * ostree-ext's (`container encapsulate --contentmeta`): the layers and, for each content object, the layer
 *   that it is in.
 * * rpm-ostree's (`--write-contentmeta-json`): the components of a commit with their sizes and how often they
 *   change. treeport's own files also have the layer of each component, so they can serve as the plan of a
 *   previous build.
 */
import { readFile } from 'node:fs/promises';
import { messageOf, TreeportError } from '../../base/errors.ts';
import {
  type Json,
  type JsonObject,
  jsonObject,
  jsonSize,
  jsonString,
  jsonStringMap,
  parseJson,
} from '../../oci/model/json.ts';
import { type Checksum, isChecksum } from '../../ostree/checksum.ts';
import { EVERY_BUILD } from '../packing/compatible.ts';
import { COMPONENT_KINDS, type Component, type ComponentKind } from '../packing/component.ts';
import type { PlanMember, PlanRecord } from '../packing/plan-record.ts';

export type MappedContent = {
  readonly kind: 'mapping';
  /** The file, for messages. */
  readonly path: string;
  /** Names for people by the layers' ids, in the order of the layers. */
  readonly layers: ReadonlyMap<string, string>;
  /** The id of the layer of each content object. */
  readonly mapping: ReadonlyMap<Checksum, string>;
  readonly created: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
};

export type MeasuredComponents = {
  readonly kind: 'components';
  readonly path: string;
  /** Changes in a year, by identifier. */
  readonly changeFrequencies: ReadonlyMap<string, number>;
  /** The plan that the file was written for, if it has one. */
  readonly record: PlanRecord | undefined;
};

export type Contentmeta = MappedContent | MeasuredComponents;

/** More than any engine mounts. */
const MAX_LAYERS = 9999;
/** Some 500,000 objects. */
const MAX_BYTES = 64 * 1024 * 1024;

/** ERR_CONTENTMETA if the file cannot be read or does not make sense, ERR_JSON if it is not valid JSON. */
export async function readContentmeta(path: string): Promise<Contentmeta> {
  const bytes = await readFile(path).catch((error) => {
    throw new TreeportError('ERR_CONTENTMETA', `cannot read the contentmeta file: ${messageOf(error)}`, {
      cause: error,
    });
  });
  return parseContentmeta(bytes, path);
}

export function parseContentmeta(bytes: Uint8Array, path: string): Contentmeta {
  const json = parseJson(bytes, path, MAX_BYTES);
  return Array.isArray(json)
    ? parseComponents(json, path)
    : parseMapping(jsonObject(json, path), Buffer.from(bytes).toString('latin1'), path);
}

function parseMapping(json: JsonObject, text: string, path: string): MappedContent {
  if (json.version !== 1)
    throw contentFault(path, `its version is ${JSON.stringify(json.version)}; only 1 is supported`);
  if (json.ordered === true) throw contentFault(path, 'ordered mappings are not supported');
  const layers = stringMap(json.layers, `${path}: layers`);
  const mapping = new Map<Checksum, string>();
  for (const [checksum, id] of stringMap(json.mapping, `${path}: mapping`)) {
    if (!isChecksum(checksum)) throw contentFault(path, `${JSON.stringify(checksum)} is no checksum`);
    if (!layers.has(id))
      throw contentFault(
        path,
        `object ${checksum} is in the layer ${JSON.stringify(id)}, which it does not list`,
      );
    mapping.set(checksum, id);
  }
  checkRepeats(text, mapping, path);
  jsonStringMap(json.labels, `${path}: labels`);
  const { created } = json;
  return {
    kind: 'mapping',
    path,
    layers,
    mapping,
    created: created === undefined || created === null ? undefined : jsonString(created, `${path}: created`),
    labels: (json.labels ?? {}) as Readonly<Record<string, string>>,
  };
}

/** The parser drops all but the last of equal members. */
function checkRepeats(text: string, mapping: ReadonlyMap<Checksum, string>, path: string): void {
  const seen = new Set<string>();
  for (const [, checksum = ''] of text.matchAll(/"([0-9a-f]{64})"\s*:/g)) {
    if (mapping.has(checksum as Checksum) && seen.has(checksum))
      throw contentFault(path, `it maps object ${checksum} twice`);
    seen.add(checksum);
  }
}

function parseComponents(json: readonly Json[], path: string): MeasuredComponents {
  const changeFrequencies = new Map<string, number>();
  const layers: PlanMember[][] = [];
  const state = { placed: 0 };
  for (const [index, entry] of json.entries()) {
    const where = `${path}: component ${index}`;
    const component = jsonObject(entry, where);
    const identifier = jsonString(component.identifier, `${where}.identifier`);
    if (changeFrequencies.has(identifier)) throw contentFault(path, `it lists ${identifier} twice`);
    changeFrequencies.set(identifier, jsonSize(component.change_frequency, `${where}.change_frequency`));
    if (component.layer === undefined) continue;
    const layer = jsonSize(component.layer, `${where}.layer`);
    const count = jsonSize(component.layers, `${where}.layers`);
    if (layer < 1 || layer > count || count > MAX_LAYERS)
      throw contentFault(path, `${identifier} is in the layer ${layer} of ${count}`);
    layers.length = Math.max(layers.length, count);
    const members = layers[layer - 1] ?? [];
    members.push(memberOf(component, where));
    layers[layer - 1] = members;
    state.placed += 1;
  }
  if (state.placed > 0 && state.placed < json.length)
    throw contentFault(path, 'it has the layers of some components, but not of all');
  const record = state.placed === 0 ? undefined : { layers: Array.from(layers, (members) => members ?? []) };
  return { kind: 'components', path, changeFrequencies, record };
}

function memberOf({ key, name, kind }: JsonObject, where: string): PlanMember {
  const known = COMPONENT_KINDS.find((each) => each === kind) as ComponentKind | undefined;
  if (known === undefined || key === undefined) return { name: jsonString(name, `${where}.name`) };
  return { name: jsonString(key, `${where}.key`), kind: known };
}

/** The components with the change frequencies of the file; ERR_CONTENTMETA if it has others. */
export function withMeasures(
  components: readonly Component[],
  { path, changeFrequencies, record }: MeasuredComponents,
): readonly Component[] {
  // The file of a previous build has the components of another version.
  if (record !== undefined) return components;
  const known = new Set(components.map(({ identifier }) => identifier));
  for (const identifier of changeFrequencies.keys())
    if (!known.has(identifier))
      throw contentFault(path, `the commit has no component ${JSON.stringify(identifier)}`);
  return components.map((component) => {
    const changeFrequency = changeFrequencies.get(component.identifier);
    if (changeFrequency === undefined) return component;
    if (changeFrequency === EVERY_BUILD) return { ...component, changeFrequency };
    return { ...component, changeFrequency, changeRate: changeFrequency };
  });
}

function stringMap(value: Json | undefined, where: string): ReadonlyMap<string, string> {
  const object = jsonObject(value, where);
  jsonStringMap(object, where);
  return new Map(Object.entries(object as Readonly<Record<string, string>>));
}

export function contentFault(path: string, what: string): TreeportError {
  return new TreeportError('ERR_CONTENTMETA', `the contentmeta file ${path} cannot be used: ${what}`);
}
