/**
 * The containers policy, policy.json (containers-policy.json(5)): what an image must satisfy before it is
 * used. skopeo enforces it; this module finds the file and determines which requirements apply to an image:
 * those of the most specific matching scope, else those of its transport, else the default. All of them must
 * hold.
 */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { errnoOf, messageOf, TreeportError } from '../../base/errors.ts';
import { type Json, jsonArray, jsonObject, jsonString, parseJson } from '../model/json.ts';
import { formatImageReference, type ImageReference } from '../model/reference.ts';
import { policyScopes } from './policy-scopes.ts';

/** `signature`: any requirement that only a signed image can meet. */
export type PolicyRequirement = 'accept' | 'reject' | 'signature';

/** The requirements of one scope of a policy. */
export type PolicyRule = {
  /** The rule's location in the policy, for messages. */
  readonly where: string;
  readonly requirements: readonly PolicyRequirement[];
};

export type ContainersPolicy = {
  readonly path: string;
  readonly standard: PolicyRule;
  /** Rules by transport and scope; the scope `''` is a transport's default. */
  readonly transports: ReadonlyMap<string, ReadonlyMap<string, PolicyRule>>;
};

const REQUIREMENTS: ReadonlyMap<string, PolicyRequirement> = new Map([
  ['insecureAcceptAnything', 'accept'],
  ['reject', 'reject'],
  ['signedBy', 'signature'],
  ['signedBaseLayer', 'signature'],
  ['sigstoreSigned', 'signature'],
]);

/** The paths of the policy, in search order. A file named by the environment must exist. */
export function policyPaths(environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  if (environment.CONTAINERS_POLICY_JSON) return [environment.CONTAINERS_POLICY_JSON];
  const config = environment.XDG_CONFIG_HOME || join(environment.HOME || homedir(), '.config');
  return [
    join(config, 'containers/policy.json'),
    '/etc/containers/policy.json',
    '/usr/share/containers/policy.json',
  ];
}

/** The effective policy; ERR_POLICY if none exists, or if it cannot be read or parsed. */
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

/**
 * The rules that may apply to an image. This is one rule, except for containers-storage, whose scopes cannot
 * be derived from the reference: then it is every rule of the transport.
 */
export async function rulesFor(
  { standard, transports }: ContainersPolicy,
  reference: ImageReference,
): Promise<readonly PolicyRule[]> {
  const { transport, scopes } = await policyScopes(reference);
  const rules = transports.get(transport) ?? new Map<string, PolicyRule>();
  const fallback = rules.get('') ?? standard;
  if (scopes === undefined) return [...new Set([...rules.values(), fallback])];
  const scope = scopes.find((name) => rules.has(name));
  return [(scope === undefined ? undefined : rules.get(scope)) ?? fallback];
}

/** True if the policy accepts this image unconditionally, so that there is nothing to enforce. */
export async function acceptsAnyImage(policy: ContainersPolicy, reference: ImageReference): Promise<boolean> {
  const rules = await rulesFor(policy, reference);
  return rules.every(({ requirements }) => requirements.every((requirement) => requirement === 'accept'));
}

/**
 * ERR_POLICY_INSECURE unless the policy requires a signature for this image; ERR_POLICY if it rejects the
 * image.
 */
export async function requireSignaturePolicy(
  reference: ImageReference,
  paths: readonly string[] = policyPaths(),
): Promise<void> {
  const policy = await findContainersPolicy(paths);
  const image = formatImageReference(reference);
  for (const { where, requirements } of await rulesFor(policy, reference)) {
    if (requirements.includes('reject')) {
      throw new TreeportError(
        'ERR_POLICY',
        `the containers policy ${policy.path} rejects ${image} (${where}); add a scope for it that demands a signature`,
      );
    }
    if (!requirements.includes('signature')) {
      throw new TreeportError(
        'ERR_POLICY_INSECURE',
        `the containers policy ${policy.path} accepts ${image} without a signature (${where}), so ostree-image-signed: would prove nothing; demand one there with "signedBy" or "sigstoreSigned"`,
      );
    }
  }
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
    const standard = parseRule(policy.default, 'default', what);
    const transports = Object.entries(jsonObject(policy.transports ?? {}, `${what}: transports`)).map(
      ([transport, value]) => [transport, parseScopes(transport, value, what)] as const,
    );
    return { path, standard, transports: new Map(transports) };
  } catch (error) {
    throw new TreeportError('ERR_POLICY', messageOf(error), { cause: error });
  }
}

function parseScopes(
  transport: string,
  value: Json | undefined,
  what: string,
): ReadonlyMap<string, PolicyRule> {
  const scopes = Object.entries(jsonObject(value, `${what}: ${transport}`));
  return new Map(
    scopes.map(([scope, rule]) => [
      scope,
      parseRule(
        rule,
        scope === '' ? `transport ${transport}` : `transport ${transport}, scope ${scope}`,
        what,
      ),
    ]),
  );
}

function parseRule(value: Json | undefined, where: string, what: string): PolicyRule {
  const requirements = jsonArray(value, `${what}: ${where}`).map((requirement) => {
    const type = jsonString(jsonObject(requirement, `${what}: ${where}`).type, `${what}: ${where}: type`);
    const known = REQUIREMENTS.get(type);
    if (known === undefined)
      throw new TreeportError('ERR_POLICY', `${what}: ${where}: unknown type "${type}"`);
    return known;
  });
  if (requirements.length === 0)
    throw new TreeportError('ERR_POLICY', `${what}: ${where}: the list of requirements is empty`);
  return { where, requirements };
}
