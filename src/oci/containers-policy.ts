/**
 * The containers policy (containers-policy.json(5)): what an image must satisfy before it is used. skopeo enforces it;
 * here it is found, and asked whether it demands anything at all.
 */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { errnoOf, messageOf, TreeportError } from '../base/errors.ts';
import { type Json, jsonArray, jsonObject, parseJson } from './json.ts';

export type ContainersPolicy = {
  readonly path: string;
  /** True if the default accepts every image: it is exactly one `insecureAcceptAnything`. */
  readonly defaultIsInsecure: boolean;
  /** True if no rule, for whatever place, demands anything. */
  readonly acceptsEverything: boolean;
};

const ACCEPT_ANYTHING = 'insecureAcceptAnything';

/** Where a policy may lie, in the order they are looked at. The first is the user's word: it must exist. */
export function policyPaths(environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  if (environment.CONTAINERS_POLICY_JSON) return [environment.CONTAINERS_POLICY_JSON];
  const config = environment.XDG_CONFIG_HOME || join(environment.HOME || homedir(), '.config');
  return [
    join(config, 'containers/policy.json'),
    '/etc/containers/policy.json',
    '/usr/share/containers/policy.json',
  ];
}

/** The policy in force; ERR_POLICY if there is none, or it cannot be read or understood. */
export async function findContainersPolicy(
  paths: readonly string[] = policyPaths(),
): Promise<ContainersPolicy> {
  for (const path of paths) {
    const bytes = await readIfThere(path);
    if (bytes !== undefined) return parsePolicy(bytes, path);
  }
  throw new TreeportError(
    'ERR_POLICY',
    `there is no containers policy, so no image may be read through skopeo; write ${paths.at(-1)} or install containers-common (looked for ${paths.join(', ')})`,
  );
}

/** The policy in force, which must demand something by default; ERR_POLICY_INSECURE. */
export async function requireSecurePolicy(
  paths: readonly string[] = policyPaths(),
): Promise<ContainersPolicy> {
  const policy = await findContainersPolicy(paths);
  if (!policy.defaultIsInsecure) return policy;
  throw new TreeportError(
    'ERR_POLICY_INSECURE',
    `the containers policy ${policy.path} accepts every image by default, so ostree-image-signed: would prove nothing; make its default "reject" or demand signatures there`,
  );
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw new TreeportError('ERR_POLICY', `cannot read the containers policy ${path}: ${messageOf(error)}`);
  }
}

function parsePolicy(bytes: Buffer, path: string): ContainersPolicy {
  const what = `containers policy ${path}`;
  try {
    const policy = jsonObject(parseJson(bytes, what), what);
    const standard = jsonArray(policy.default, `${what}: default`);
    const transports = Object.entries(jsonObject(policy.transports ?? {}, `${what}: transports`));
    const scopes = transports.flatMap(([transport, rules]) =>
      Object.values(jsonObject(rules, `${what}: ${transport}`)).map((rule) =>
        jsonArray(rule, `${what}: ${transport}`),
      ),
    );
    return {
      path,
      defaultIsInsecure: standard.length === 1 && acceptsAnything(standard[0]),
      acceptsEverything: [standard, ...scopes].every(
        (rule) => rule.length > 0 && rule.every(acceptsAnything),
      ),
    };
  } catch (error) {
    throw new TreeportError('ERR_POLICY', messageOf(error), { cause: error });
  }
}

function acceptsAnything(requirement: Json | undefined): boolean {
  return (
    typeof requirement === 'object' &&
    requirement !== null &&
    'type' in requirement &&
    requirement.type === ACCEPT_ANYTHING
  );
}
