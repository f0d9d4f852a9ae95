/** The argument that names a delta: `TO` or `FROM-TO` of the repository, or the path of a superblock. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { TreeportError } from '../base/errors.ts';
import type { StaticDelta } from '../delta/static/open-delta.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { deltaNames } from '../ostree/delta-list.ts';
import { type DeltaName, deltaKey, parseDeltaKey } from '../ostree/delta-name.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { ambiguous } from '../ostree/revision.ts';
import { isEngineName } from '../ostree/sign/engines.ts';
import type { VerifiedSignature } from '../ostree/sign/signed-commit.ts';
import type { SignatureKind } from '../ostree/sign/signer.ts';
import { collectText } from './encapsulate-options.ts';
import { openRepo } from './open-repo.ts';
import { repoOption } from './options.ts';
import { signTypeOption } from './sign-options.ts';

export function addDeltaArgument(command: Command): Command {
  return command.argument(
    '<delta>',
    'TO or FROM-TO, both commits or their beginnings, of the repository; or the path of a superblock or its directory',
  );
}

/**
 * A delta of the repository must be the one that its index lists, if that lists it. ERR_DELTA_MISSING,
 * ERR_DELTA_CORRUPT, ERR_DELTA_INDEX and what reading files throws.
 */
export async function openDeltaArgument(text: string, repoPath: string): Promise<StaticDelta> {
  const { openDeltaFile, openStoredDelta } = await import('../delta/static/open-delta.ts');
  const { checkDeltaIndex } = await import('../delta/static/check-index.ts');
  const name = parseDeltaKey(text) ?? abbreviatedDelta(text, repoPath);
  if (name === undefined) return openDeltaFile(text);
  const delta = openStoredDelta(repoPath, name);
  checkDeltaIndex(repoPath, name, delta.file);
  return delta;
}

const ABBREVIATED = /^[0-9a-f]{4,64}(?:-[0-9a-f]{4,64})?$/;

/** The delta of the repository whose commits begin so; undefined if `text` is none, or a file. */
function abbreviatedDelta(text: string, repoPath: string): DeltaName | undefined {
  if (!ABBREVIATED.test(text) || existsSync(text)) return undefined;
  const [first = '', second] = text.split('-');
  const fits = ({ from, to }: DeltaName) =>
    second === undefined
      ? from === undefined && to.startsWith(first)
      : from?.startsWith(first) === true && to.startsWith(second);
  const [name, ...more] = [...deltaNames(repoPath)].filter(fits);
  if (name !== undefined && more.length > 0) throw ambiguous(text, 'deltas', [name, ...more].map(deltaKey));
  return name;
}

export type DeltaWithRepoOptions = {
  readonly repo: string;
  readonly signType: SignatureKind;
  readonly keysFile?: readonly string[];
};

/** The argument and options of verbs that read a delta with the objects of a repository. */
export function addDeltaWithRepo(command: Command): Command {
  return addDeltaArgument(command)
    .addOption(repoOption())
    .option(
      '--keys-file <path>',
      'require that the delta is signed by a public key in this file, of the kind --sign-type; may be repeated',
      collectText,
    )
    .addOption(signTypeOption());
}

export type OpenedDelta = {
  readonly repo: Repository;
  readonly delta: StaticDelta;
  /** By the given keys; none without keys. */
  readonly signatures: readonly VerifiedSignature[];
};

/**
 * The delta, whose signatures are verified if keys are given. The errors of {@link openDeltaArgument};
 * ERR_NO_KEYS, ERR_SIGNATURE_MISSING, ERR_SIGNATURE_BAD.
 */
export async function openDeltaWithRepo(text: string, options: DeltaWithRepoOptions): Promise<OpenedDelta> {
  const repo = await openRepo(options.repo);
  const delta = await openDeltaArgument(text, repo.path);
  return { repo, delta, signatures: await verifyDeltaKeys(delta, options) };
}

/** The commits whose objects the delta is about. */
export function commitsOfDelta({ from, to }: DeltaName): readonly Checksum[] {
  return from === undefined ? [to] : [from, to];
}

async function verifyDeltaKeys(
  delta: StaticDelta,
  { signType, keysFile = [] }: DeltaWithRepoOptions,
): Promise<readonly VerifiedSignature[]> {
  if (keysFile.length === 0) return [];
  if (!isEngineName(signType))
    throw new TreeportError('ERR_USAGE', 'deltas are signed with ed25519 or spki keys (--sign-type)');
  const { publicKeysInFile, verifyWithKeys } = await import('../ostree/sign/verify-with-keys.ts');
  const { signedDelta } = await import('../delta/static/signed-superblock.ts');
  const keys = keysFile.flatMap((path) => publicKeysInFile(signType, path));
  return verifyWithKeys(signedDelta(delta, delta.what), signType, keys);
}
