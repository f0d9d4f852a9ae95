import type { Command } from 'commander';
import { TreeportError } from '../base/errors.ts';
import { isEngineName } from '../ostree/sign/engines.ts';
import type { SignedData, VerifiedSignature } from '../ostree/sign/signed-commit.ts';
import type { SignatureKind } from '../ostree/sign/signer.ts';
import { collectText } from './encapsulate-options.ts';
import { jsonOption } from './options.ts';
import { printJson, printLine } from './output.ts';
import { signTypeOption } from './sign-options.ts';
import { addSubject, readSubject, type SubjectOptions } from './sign-subject.ts';

type Options = SubjectOptions & {
  readonly remote?: string;
  readonly signType: SignatureKind;
  readonly keysFile?: readonly string[];
  readonly json?: boolean;
};

export function addSignVerify(group: Command): void {
  const command = group
    .command('verify')
    .description('verify a commit or the summary, and list the valid signatures');
  addSubject(command)
    .option('--remote <name>', 'verify as a pull from this remote of the repository would')
    .option(
      '--keys-file <path>',
      'verify with the public keys in this file, of the kind --sign-type (GPG: a keyring); may be repeated',
      collectText,
    )
    .addOption(signTypeOption())
    .addOption(jsonOption())
    .action(verify);
}

async function verify(revision: string | undefined, options: Options): Promise<void> {
  const { remote, keysFile = [] } = options;
  if ((remote !== undefined) === keysFile.length > 0)
    throw new TreeportError('ERR_USAGE', 'name the keys to verify with: either --remote or --keys-file');
  const subjects = await readSubject(revision, options);
  const found =
    remote === undefined
      ? await withKeys(subjects, options.signType, keysFile)
      : await byRemote(subjects, options.repo, remote);
  const valid: readonly (VerifiedSignature & Pick<SignedData, 'file'>)[] = subjects.flatMap(
    ({ file }, index) => (found[index] ?? []).map((one) => (file === undefined ? one : { ...one, file })),
  );
  if (options.json) return printJson(valid, 2);
  for (const { kind, key, signer, timestamp, file } of valid) {
    const more = [
      ...(signer === undefined ? [] : [signer]),
      ...(timestamp === undefined ? [] : [new Date(timestamp * 1000).toISOString()]),
      ...(file === undefined ? [] : [file]),
    ];
    await printLine(['good', kind, `key ${key}`, ...more].join('  '));
  }
}

async function byRemote(
  subjects: readonly SignedData[],
  repo: string,
  remote: string,
): Promise<readonly (readonly VerifiedSignature[])[]> {
  const { verifyByRemote } = await import('../container/import/verify-signatures.ts');
  return Promise.all(subjects.map((signed) => verifyByRemote(signed, { repo, remote })));
}

async function withKeys(
  subjects: readonly SignedData[],
  kind: SignatureKind,
  files: readonly string[],
): Promise<readonly (readonly VerifiedSignature[])[]> {
  if (!isEngineName(kind)) return withKeyrings(subjects, files);
  const { publicKeysInFile, verifyWithKeys } = await import('../ostree/sign/verify-with-keys.ts');
  const keys = files.flatMap((path) => publicKeysInFile(kind, path));
  return subjects.map((signed) => verifyWithKeys(signed, kind, keys));
}

async function withKeyrings(
  subjects: readonly SignedData[],
  files: readonly string[],
): Promise<readonly (readonly VerifiedSignature[])[]> {
  const { withTemporaryDirectory } = await import('../base/temporary-directory.ts');
  const { keyringVerifier } = await import('../container/import/verify-keyrings.ts');
  return withTemporaryDirectory(async (directory) => {
    const verifier = await keyringVerifier(files, directory);
    return Promise.all(subjects.map(verifier));
  });
}
