import { type Command, InvalidArgumentError } from 'commander';
import { TreeportError } from '../base/errors.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { ListedSignature } from '../ostree/sign/choose-signatures.ts';
import type { SignedData } from '../ostree/sign/signed-commit.ts';
import { openRepo } from './open-repo.ts';
import { printLine } from './output.ts';
import { addSubject, readSubject, type SubjectOptions } from './sign-subject.ts';

type Options = SubjectOptions & {
  readonly key?: string;
  readonly number?: number;
  readonly all?: boolean;
};

export function addSignDelete(group: Command): void {
  const command = group
    .command('delete')
    .description('delete signatures of a commit or of the summary; all other metadata stays');
  addSubject(command)
    .option('--key <key>', 'those by this key: a GPG key id, or an ed25519 or spki public key in base64')
    .option('--number <number>', 'the one that `sign list` shows under this number', parseNumber)
    .option('--all', 'all of them')
    .action(deleteSignatures);
}

function parseNumber(text: string): number {
  if (/^[1-9][0-9]{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a number that `sign list` shows.');
}

async function deleteSignatures(revision: string | undefined, options: Options): Promise<void> {
  const { nameOfAll, withoutSignatures } = await import('../ostree/sign/choose-signatures.ts');
  const { LibostreeRepo } = await import('../native/ostree/repository.ts');
  const signed = await readSubject(revision, options);
  const chosen = await chosenSignatures(signed, options);
  using repo = LibostreeRepo.open(options.repo);
  if (revision === undefined) {
    const { changeSummarySignatures } = await import('../signing/summary-signatures.ts');
    await changeSummarySignatures(repo, (metadata) => withoutSignatures(metadata, chosen));
  } else {
    const { changeDetached } = await import('../signing/commit-signatures.ts');
    await changeDetached(repo, await commitOf(revision, options.repo), (metadata) =>
      withoutSignatures(metadata, chosen),
    );
  }
  await printLine(`deleted ${chosen.length} of the signatures of ${nameOfAll(signed)}`);
}

async function chosenSignatures(
  signed: readonly SignedData[],
  { key, number, all }: Options,
): Promise<readonly ListedSignature[]> {
  const { listAllSignatures, signatureNumber, signaturesBy } = await import(
    '../ostree/sign/choose-signatures.ts'
  );
  if ([key, number, all].filter((value) => value !== undefined).length !== 1)
    throw new TreeportError('ERR_USAGE', 'say which signatures: --key, --number or --all');
  if (key !== undefined) return signaturesBy(signed, key);
  return number === undefined ? listAllSignatures(signed) : [signatureNumber(signed, number)];
}

async function commitOf(revision: string, path: string): Promise<Checksum> {
  const { resolveRevision } = await import('../ostree/revision.ts');
  return resolveRevision(await openRepo(path), revision);
}
