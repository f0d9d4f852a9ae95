/**
 * The `--config` file: the `config` member of an OCI image configuration, as JSON with the specification's
 * PascalCase names. Members that the specification does not name (Healthcheck, …) are dropped, and `null` is
 * an empty configuration, as in ostree-ext.
 */
import { readFile } from 'node:fs/promises';
import { messageOf, TreeportError } from '../../base/errors.ts';
import type { ContainerConfig } from '../../oci/model/image-config.ts';
import { type Json, jsonObject, parseJson } from '../../oci/model/json.ts';

type Check = (value: Json) => boolean;

const isString: Check = (value) => typeof value === 'string';
const isStrings: Check = (value) => Array.isArray(value) && value.every(isString);
const isObject: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isStringMap: Check = (value) => isObject(value) && Object.values(value as object).every(isString);

const MEMBERS: Readonly<Record<string, { readonly check: Check; readonly expected: string }>> = {
  User: { check: isString, expected: 'a string' },
  ExposedPorts: { check: isObject, expected: 'an object' },
  Env: { check: isStrings, expected: 'an array of strings' },
  Entrypoint: { check: isStrings, expected: 'an array of strings' },
  Cmd: { check: isStrings, expected: 'an array of strings' },
  Volumes: { check: isObject, expected: 'an object' },
  WorkingDir: { check: isString, expected: 'a string' },
  Labels: { check: isStringMap, expected: 'an object of strings' },
  StopSignal: { check: isString, expected: 'a string' },
};

/** Reads and checks the file; ERR_CONFIG_FILE if it cannot be read, ERR_JSON if it is invalid. */
export async function readContainerConfig(path: string): Promise<ContainerConfig> {
  const bytes = await readFile(path).catch((error) => {
    throw new TreeportError('ERR_CONFIG_FILE', `cannot read the image configuration: ${messageOf(error)}`, {
      cause: error,
    });
  });
  return parseContainerConfig(bytes, path);
}

export function parseContainerConfig(bytes: Uint8Array, path: string): ContainerConfig {
  const json = parseJson(bytes, path);
  if (json === null) return {};
  const object = jsonObject(json, path);
  const known = Object.entries(object).filter(
    ([name, value]) => Object.hasOwn(MEMBERS, name) && value !== null,
  );
  for (const [name, value] of known) {
    const member = MEMBERS[name];
    if (member !== undefined && !member.check(value ?? null)) {
      throw new TreeportError('ERR_JSON', `${path}: ${name} is not ${member.expected}`);
    }
  }
  return Object.fromEntries(known) as ContainerConfig;
}
