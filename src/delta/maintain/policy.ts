/**
 * Policies for static deltas: key files, like the `config` of a repository.
 *
 *     [deltas]
 *     minimum-saving=15
 *     grace-hours=24
 *     profile=balanced
 *
 *     [refs "exampleos/*"]
 *     scratch=true
 *     from-last=3
 *     from-versions=42.1;41.9
 *
 * The first `[refs "GLOB"]` group whose glob matches decides about a ref. See docs/operations/deltas.md.
 */
import { posix } from 'node:path';
import { TreeportError } from '../../base/errors.ts';
import { readRegularFile } from '../../base/open-beneath.ts';
import {
  isKeyfileFault,
  type Keyfile,
  keyfileList,
  keyfileString,
  parseKeyfile,
} from '../../ostree/keyfile.ts';
import type { ProfileName } from '../static/build/profiles.ts';
import { DEFAULT_GRACE } from '../static/delta-files.ts';

export type DeltaPolicy = {
  /** The share of the loose objects' bytes that a delta must save, from 0 to 1. */
  readonly minimumSaving: number;
  /** Milliseconds that parts are kept after their superblock is gone. */
  readonly grace: number;
  readonly profile: ProfileName;
  readonly rules: readonly RefRule[];
};

/** The deltas that the commits of some refs have. */
export type RefRule = {
  /** `*` matches within a component of the ref, `**` across components. */
  readonly glob: string;
  readonly scratch: boolean;
  /** From so many commits before the ref's. */
  readonly fromLast: number;
  /** From the commits in the ref's history with these versions. */
  readonly fromVersions: readonly string[];
};

/** A policy is a few lines. */
const MAX_POLICY_BYTES = 1_000_000;
const GENERAL = 'deltas';
/** The share of bytes that a delta must save where no policy says otherwise. */
export const DEFAULT_MINIMUM_SAVING = 0.15;
const HOUR = 3_600_000;
const PROFILES: readonly ProfileName[] = ['fast', 'balanced', 'small'];
const DEFAULT_PROFILE = 'fast';
/** More would be a mistake: a client needs one of them. */
const MAX_FROM_LAST = 1000;
const REFS_GROUP = /^refs\s+"([^"]+)"$/;
const GENERAL_KEYS = ['minimum-saving', 'grace-hours', 'profile'];
const RULE_KEYS = ['scratch', 'from-last', 'from-versions'];

/** Reads a policy from a file; ERR_DELTA_POLICY. */
export function readPolicyFile(path: string): DeltaPolicy {
  const bytes = readRegularFile(path, MAX_POLICY_BYTES);
  if (bytes !== undefined) return parseDeltaPolicy(bytes.toString(), path);
  throw new TreeportError('ERR_DELTA_POLICY', `there is no policy ${path}`);
}

/** Parses a policy; ERR_DELTA_POLICY names `source`. */
export function parseDeltaPolicy(text: string, source: string): DeltaPolicy {
  const keyfile = parseKeyfile(text);
  if (isKeyfileFault(keyfile)) throw policyFault(source, `line ${keyfile.line} is ${keyfile.what}`);
  const groups = [...keyfile.keys()].filter((group) => group !== GENERAL);
  checkKeys(keyfile, GENERAL, GENERAL_KEYS, source);
  const rules = groups.map((group) => parseRule(keyfile, group, source));
  if (rules.length === 0) throw policyFault(source, 'it has no [refs "GLOB"] group');
  const number = (key: string, most: number, otherwise: number) =>
    wholeNumber(keyfile, GENERAL, key, most, source) ?? otherwise;
  return {
    minimumSaving: number('minimum-saving', 100, 100 * DEFAULT_MINIMUM_SAVING) / 100,
    grace: number('grace-hours', 24 * 365, DEFAULT_GRACE / HOUR) * HOUR,
    profile: profileOf(keyfile, source),
    rules,
  };
}

/** The rule for a ref. */
export function ruleFor(policy: DeltaPolicy, ref: string): RefRule | undefined {
  return policy.rules.find(({ glob }) => posix.matchesGlob(ref, glob));
}

function parseRule(keyfile: Keyfile, group: string, source: string): RefRule {
  const glob = REFS_GROUP.exec(group)?.[1];
  if (glob === undefined) throw policyFault(source, `[${group}] is neither [deltas] nor [refs "GLOB"]`);
  checkKeys(keyfile, group, RULE_KEYS, source);
  return {
    glob,
    scratch: truth(keyfile, group, 'scratch', source) ?? false,
    fromLast: wholeNumber(keyfile, group, 'from-last', MAX_FROM_LAST, source) ?? 0,
    fromVersions: keyfileList(keyfile, group, 'from-versions') ?? [],
  };
}

function profileOf(keyfile: Keyfile, source: string): ProfileName {
  const text = keyfileString(keyfile, GENERAL, 'profile') ?? DEFAULT_PROFILE;
  const found = PROFILES.find((name) => name === text);
  if (found !== undefined) return found;
  throw policyFault(source, `profile=${text} is none of ${PROFILES.join(', ')}`);
}

function checkKeys(keyfile: Keyfile, group: string, known: readonly string[], source: string): void {
  const unknown = [...(keyfile.get(group)?.keys() ?? [])].find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw policyFault(source, `[${group}] has the key "${unknown}"; known are ${known.join(', ')}`);
}

function truth(keyfile: Keyfile, group: string, key: string, source: string): boolean | undefined {
  const text = keyfileString(keyfile, group, key);
  if (text === undefined || text === 'true' || text === 'false') return text && text === 'true';
  throw policyFault(source, `${key}=${text} in [${group}] is neither true nor false`);
}

function wholeNumber(
  keyfile: Keyfile,
  group: string,
  key: string,
  most: number,
  source: string,
): number | undefined {
  const text = keyfileString(keyfile, group, key);
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text) && Number(text) <= most) return Number(text);
  throw policyFault(source, `${key}=${text} in [${group}] is not a whole number from 0 to ${most}`);
}

function policyFault(source: string, what: string): TreeportError {
  return new TreeportError('ERR_DELTA_POLICY', `the policy ${source} is invalid: ${what}`);
}
