/**
 * The configuration of the server: each option from the command line, else its environment variable, else
 * the configuration file, else its default (docs/decisions/0139-server-configuration.md).
 *
 * The file is a key file with one group, `[server]`; keys are the options without their dashes. An empty
 * environment variable counts as absent.
 */
import { messageOf, TreeportError } from '../base/errors.ts';
import { readRegularFile } from '../base/open-beneath.ts';
import { didYouMean } from '../base/similar.ts';
import { isKeyfileFault, type Keyfile, keyfileString, parseKeyfile } from '../ostree/keyfile.ts';
import {
  optionName,
  SERVE_OPTION_KEYS,
  SERVE_OPTIONS,
  type ServeOptionKey,
  type ServeValues,
  serveSettings,
  variableName,
} from './serve-options.ts';

const GROUP = 'server';
const MAX_FILE_BYTES = 1 << 20;
const CONFIG_VARIABLE = variableName('config');

/** Options of `treeport serve` only: an image has its repository, with the deltas that it was built with. */
export type RepositoryOptionKey = 'repo' | 'deltaPolicy';

export type ConfigKey = ServeOptionKey | RepositoryOptionKey;

export type ConfiguredValue = {
  readonly value: string;
  /** For people: `--listen`, `TREEPORT_LISTEN`, the path of the file, or `default`. */
  readonly source: string;
};

export type ServeConfig = Readonly<Partial<Record<ConfigKey, ConfiguredValue>>>;

export type ConfigInput = {
  /** The values of the command line. */
  readonly given: Readonly<Partial<Record<ConfigKey | 'config', string>>>;
  readonly environment: NodeJS.ProcessEnv;
  readonly keys: readonly ConfigKey[];
  readonly defaultOf: (key: ConfigKey) => string | undefined;
};

/** All values with where they are from, checked. ERR_SERVER_CONFIG, ERR_USAGE. */
export function serveConfig({ given, environment, keys, defaultOf }: ConfigInput): ServeConfig {
  const path = given.config ?? (environment[CONFIG_VARIABLE] || undefined);
  const file = path === undefined ? undefined : readConfigFile(path, keys);
  const find = (key: ConfigKey): ConfiguredValue | undefined => {
    const [name, variable] = [optionName(key), variableName(optionName(key))];
    const candidates: readonly (readonly [string | undefined, string])[] = [
      [given[key], `--${name}`],
      [environment[variable] || undefined, variable],
      [file && keyfileString(file, GROUP, name), path ?? ''],
      [defaultOf(key), 'default'],
    ];
    const [value, source] = candidates.find(([text]) => text !== undefined) ?? [];
    return value === undefined || source === undefined ? undefined : { value, source };
  };
  const config = Object.fromEntries(
    keys.flatMap((key) => {
      const found = find(key);
      return found === undefined ? [] : [[key, found]];
    }),
  );
  for (const [key, value] of Object.entries(config)) checkValue(key as ConfigKey, value, path);
  return config;
}

/** The values for {@link serveSettings}. */
export function configuredValues(config: ServeConfig): ServeValues {
  return Object.fromEntries(SERVE_OPTION_KEYS.map((key) => [key, config[key]?.value]));
}

/** The configuration as a file that configures the same, with the sources in comments. */
export function configText(config: ServeConfig, keys: readonly ConfigKey[]): string {
  const lines = keys.flatMap((key) => {
    const found = config[key];
    if (found === undefined) return [`# ${optionName(key)} is not set`];
    return [`# ${found.source}`, `${optionName(key)}=${escaped(found.value)}`];
  });
  return `${[`[${GROUP}]`, ...lines].join('\n')}\n`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function readConfigFile(path: string, keys: readonly ConfigKey[]): Keyfile {
  const bytes = readRegularFile(path, MAX_FILE_BYTES);
  if (bytes === undefined) throw fault(path, 'there is no such file');
  const keyfile = parseKeyfile(bytes.toString());
  if (isKeyfileFault(keyfile)) throw fault(path, `line ${keyfile.line} is ${keyfile.what}`);
  const group = [...keyfile.keys()].find((name) => name !== GROUP);
  if (group !== undefined) throw fault(path, `its only group is [${GROUP}], not [${group}]`);
  const names = keys.map(optionName);
  const unknown = [...(keyfile.get(GROUP)?.keys() ?? [])].find((name) => !names.includes(name));
  if (unknown !== undefined) throw fault(path, `unknown key "${unknown}"${didYouMean(unknown, names)}`);
  return keyfile;
}

/** Names the variable or the file of a value that its option would refuse. */
function checkValue(key: ConfigKey, { value, source }: ConfiguredValue, path: string | undefined): void {
  try {
    if (isServeOption(key)) serveSettings({ [key]: value });
  } catch (error) {
    if (source === path) throw fault(path, messageOf(error));
    if (source.startsWith('--')) throw error;
    throw new TreeportError('ERR_USAGE', `${source}: ${messageOf(error)}`, { cause: error });
  }
}

export function isServeOption(key: ConfigKey): key is ServeOptionKey {
  return Object.hasOwn(SERVE_OPTIONS, key);
}

function fault(path: string, what: string): TreeportError {
  return new TreeportError('ERR_SERVER_CONFIG', `the configuration file ${path}: ${what}`);
}
