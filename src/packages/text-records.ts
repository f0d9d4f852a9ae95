/** Reads text files of package databases, with the warnings that all of them give. */
import { isTreeportError, type Warn } from '../base/errors.ts';
import type { CommitFiles } from './commit-files.ts';

/** apk's and dpkg's files of a whole distribution are half as large. */
export const MAX_TEXT_BYTES: number = 128 * 1024 * 1024;

/** The text of the file; undefined if there is none. A file that is too large is reported and left out. */
export async function readRecords(files: CommitFiles, path: string, warn: Warn): Promise<string | undefined> {
  try {
    return (await files.read(path, MAX_TEXT_BYTES))?.toString('utf8');
  } catch (error) {
    if (!isTreeportError(error, 'ERR_FILE_TOO_LARGE')) throw error;
    warn(`${error.message}; it is left out`);
    return undefined;
  }
}

/** A warning about a record that is left out. */
export function badRecord(file: string, record: string, why: string): string {
  return `${file} in the commit: ${record} cannot be read and is left out: ${why}`;
}

/** A whole number of at least 0; undefined for anything else. */
export function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
