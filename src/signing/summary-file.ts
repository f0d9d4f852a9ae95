/**
 * The summary of a repository and its signatures: `summary`, and `summary.sig`, an `a{sv}` of signatures over
 * the bytes of `summary`.
 *
 * Clients fetch `summary.sig` first and `summary` after it. So both new files are complete before either is
 * renamed, and `summary.sig` is renamed first: only a client between its two requests gets a mismatch, and
 * tries again. A kill between the two renames leaves a mismatch; the next update repairs it.
 */
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryName, writeError, writeFileAtomic } from '../base/atomic-file.ts';
import { isTreeportError, messageOf, TreeportError } from '../base/errors.ts';
import { readBeneath } from '../base/open-beneath.ts';
import type { FLATPAK_INDEX } from '../ostree/flatpak/index-file.ts';
import { MAX_METADATA_BYTES } from '../ostree/limits.ts';
import { type MetadataDict, parseDict, serializeDict } from '../ostree/metadata-dict.ts';
import type { SignedData } from '../ostree/sign/signed-commit.ts';

const SUMMARY = 'summary';
export const SUMMARY_SIGNATURES = 'summary.sig';

/** The summary with its signatures; undefined if there is no summary. ERR_SUMMARY if a file is damaged. */
export function readSignedSummary(repoPath: string): SignedData | undefined {
  const bytes = readSummaryFile(repoPath, SUMMARY);
  if (bytes === undefined) return undefined;
  const metadata = readSignatures(repoPath, SUMMARY_SIGNATURES) ?? new Map();
  return { name: `the summary of ${repoPath}`, thing: 'summary', bytes, metadata };
}

/** The same; ERR_SUMMARY if there is none. */
export function requireSignedSummary(repoPath: string): SignedData {
  const found = readSignedSummary(repoPath);
  if (found !== undefined) return found;
  throw new TreeportError(
    'ERR_SUMMARY',
    `the repository ${repoPath} has no summary; make one: treeport summary update --repo ${repoPath}`,
  );
}

/** A summary or flatpak's index, with its signatures. */
export type SignedFile = {
  readonly name: typeof SUMMARY | typeof FLATPAK_INDEX;
  readonly bytes: Uint8Array;
  readonly signatures: MetadataDict;
};

/** Replaces files and their signatures together, in the order that this module's header explains. */
export async function writeSignedFiles(repoPath: string, files: readonly SignedFile[]): Promise<void> {
  const replacements = files.map(({ name, ...content }) => {
    const [path, sig] = [join(repoPath, name), join(repoPath, `${name}.sig`)];
    return { ...content, path, sig, newPath: temporaryName(path), newSig: temporaryName(sig) };
  });
  try {
    for (const { bytes, signatures, newPath, newSig } of replacements) {
      await writeFileAtomic(newPath, bytes);
      if (signatures.size > 0) await writeFileAtomic(newSig, serializeDict(signatures));
    }
    // Without an await in between, so that a signal that ends the process does not part them.
    for (const { signatures, path, sig, newPath, newSig } of replacements) {
      if (signatures.size > 0) renameSync(newSig, sig);
      else rmSync(sig, { force: true });
      renameSync(newPath, path);
    }
  } catch (error) {
    throw writeError(error, join(repoPath, SUMMARY));
  } finally {
    for (const { newPath, newSig } of replacements) {
      rmSync(newPath, { force: true });
      rmSync(newSig, { force: true });
    }
  }
}

/** The signatures in a file; undefined if it is not there, ERR_SUMMARY if it is damaged. */
export function readSignatures(repoPath: string, name: string): MetadataDict | undefined {
  const bytes = readSummaryFile(repoPath, name);
  if (bytes === undefined) return undefined;
  try {
    return parseDict(bytes);
  } catch (error) {
    if (!isTreeportError(error)) throw error;
    throw damaged(repoPath, name, error);
  }
}

/** Undefined if the file is not there; ERR_SUMMARY if it cannot be read. */
export function readSummaryFile(repoPath: string, name: string): Buffer | undefined {
  try {
    return readBeneath(repoPath, name, { links: 'inside', maxBytes: MAX_METADATA_BYTES });
  } catch (error) {
    throw damaged(repoPath, name, error);
  }
}

function damaged(repoPath: string, name: string, error: unknown): TreeportError {
  return new TreeportError('ERR_SUMMARY', `${join(repoPath, name)} cannot be read: ${messageOf(error)}`, {
    cause: error,
  });
}
