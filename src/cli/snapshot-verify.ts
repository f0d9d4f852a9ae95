import type { Command } from 'commander';
import { TreeportError } from '../base/errors.ts';
import { isEngineName } from '../ostree/sign/engines.ts';
import type { SignedData } from '../ostree/sign/signed-commit.ts';
import type { SignatureKind } from '../ostree/sign/signer.ts';
import { allOption, archOption, printResults } from './arch-option.ts';
import { collectText } from './encapsulate-options.ts';
import { jsonOption, quietOption } from './options.ts';
import { printJson, printLine } from './output.ts';
import { startProgress } from './progress.ts';
import { addRegistryOptions } from './registry-options.ts';
import { signTypeOption } from './sign-options.ts';
import { eachSnapshotImage, mediumOption, type SnapshotImageOptions } from './snapshot-image.ts';

type Options = SnapshotImageOptions & {
  readonly signType: SignatureKind;
  readonly keysFile?: readonly string[];
  readonly quiet?: boolean;
  readonly json?: boolean;
};

export function addSnapshotVerify(group: Command): void {
  const command = group
    .command('verify')
    .description('verify all layers and objects of a snapshot, and the signatures of its commits')
    .argument('<image-or-piece>', 'the snapshot, or the path of one piece of a split one');
  addRegistryOptions(command)
    .addOption(mediumOption())
    .addOption(archOption())
    .addOption(allOption())
    .option(
      '--keys-file <path>',
      'demand that every commit is signed by a public key in this file, of the kind --sign-type (GPG: a keyring); may be repeated',
      collectText,
    )
    .addOption(signTypeOption())
    .addOption(jsonOption())
    .addOption(quietOption())
    .action(verify);
}

async function verify(text: string, options: Options): Promise<void> {
  const { isImageReference } = await import('../oci/model/reference.ts');
  const { hasVerificationScheme } = await import('../container/inspect/ostree-image-reference.ts');
  if (!hasVerificationScheme(text) && !isImageReference(text)) return verifyOnePiece(text, options);
  const { verifySnapshot } = await import('../snapshot/verify.ts');
  const { withTemporaryDirectory } = await import('../base/temporary-directory.ts');
  const progress = startProgress({ label: 'snapshot verify', unit: 'bytes', quiet: options.quiet });
  const state = { bytes: 0 };
  try {
    const results = await withTemporaryDirectory(async (directory) => {
      const verifySignature = await signatureVerifier(options, directory);
      return eachSnapshotImage(text, options, (snapshot) =>
        verifySnapshot(snapshot, {
          ...(verifySignature === undefined ? {} : { verifySignature }),
          onProgress: (bytes, total) => {
            state.bytes += bytes;
            progress.update(state.bytes, total);
          },
        }),
      );
    });
    progress.finish({ where: text });
    if (options.quiet && !options.json) return;
    await printResults(results, options, ({ objects, commits, signed }) => {
      const signatures = signed === 0 ? 'no signature was verified' : `${signed} commits are signed`;
      return [`good: ${objects} objects of ${commits} commits; ${signatures}`];
    });
  } finally {
    progress.stop();
  }
}

async function verifyOnePiece(path: string, { quiet, keysFile, json }: Options): Promise<void> {
  const { verifyPiece } = await import('../snapshot/pieces/verify-piece.ts');
  if (keysFile !== undefined)
    throw new TreeportError('ERR_USAGE', 'a piece has no signatures of its own; verify the whole snapshot');
  const { number, count, manifest } = await verifyPiece(path);
  if (json) return printJson({ piece: number, pieces: count, manifest }, 2);
  if (!quiet) await printLine(`good: piece ${number} of ${count} of the snapshot ${manifest}`);
}

async function signatureVerifier(
  { signType, keysFile = [] }: Options,
  directory: string,
): Promise<((signed: SignedData) => Promise<void>) | undefined> {
  if (keysFile.length === 0) return undefined;
  if (!isEngineName(signType)) {
    const { keyringVerifier } = await import('../container/import/verify-keyrings.ts');
    const verifier = await keyringVerifier(keysFile, directory);
    return async (signed) => void (await verifier(signed));
  }
  const { publicKeysInFile, verifyWithKeys } = await import('../ostree/sign/verify-with-keys.ts');
  const keys = keysFile.flatMap((path) => publicKeysInFile(signType, path));
  return async (signed) => void verifyWithKeys(signed, signType, keys);
}
