/** The image configuration (OCI image specification, config.md). */
import type { Annotations, Digest, Platform } from './descriptor.ts';
import { jsonArray, jsonObject, jsonString, jsonStringMap, parseJson } from './json.ts';

/** Execution parameters; the names are the specification's. */
export type ContainerConfig = {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, Readonly<Record<string, never>>>>;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: Readonly<Record<string, Readonly<Record<string, never>>>>;
  readonly WorkingDir?: string;
  readonly Labels?: Annotations;
  readonly StopSignal?: string;
};

export type HistoryEntry = {
  readonly created?: string;
  readonly created_by?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
};

export type ImageConfig = Platform & {
  /** RFC 3339. */
  readonly created?: string;
  readonly author?: string;
  readonly config?: ContainerConfig;
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly Digest[] };
  readonly history?: readonly HistoryEntry[];
};

export type ImageConfigOptions = {
  readonly platform: Platform;
  readonly created: string;
  readonly config: ContainerConfig;
  /** In the order of the manifest's layers. */
  readonly layers: readonly { readonly diffId: Digest; readonly history: HistoryEntry }[];
  /** Without layers; behind those of the layers. */
  readonly formerHistory?: readonly HistoryEntry[];
};

/** The configuration of an image with these layers. */
export function imageConfig(options: ImageConfigOptions): ImageConfig {
  return {
    ...options.platform,
    created: options.created,
    config: options.config,
    rootfs: { type: 'layers', diff_ids: options.layers.map((layer) => layer.diffId) },
    history: [...options.layers.map((layer) => layer.history), ...(options.formerHistory ?? [])],
  };
}

/** Parses a configuration and keeps unknown members. `what` names it in ERR_JSON. */
export function parseImageConfig(bytes: Uint8Array, what: string): ImageConfig {
  const object = jsonObject(parseJson(bytes, what), what);
  jsonString(object.architecture, `${what}: architecture`);
  jsonString(object.os, `${what}: os`);
  const rootfs = jsonObject(object.rootfs, `${what}: rootfs`);
  for (const id of jsonArray(rootfs.diff_ids, `${what}: rootfs.diff_ids`))
    jsonString(id, `${what}: a diff-id`);
  if (object.config !== undefined && object.config !== null) {
    jsonStringMap(jsonObject(object.config, `${what}: config`).Labels, `${what}: config.Labels`);
  }
  for (const entry of object.history ? jsonArray(object.history, `${what}: history`) : []) {
    jsonObject(entry, `${what}: a history entry`);
  }
  return object as unknown as ImageConfig;
}
