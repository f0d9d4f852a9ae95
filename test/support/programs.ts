/** Which real programs are installed, for the tests that run them. scripts/install-programs installs them. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin'];

/**
 * For a test's `skip` option: false if all these programs are on PATH, otherwise the reason with what is
 * missing.
 */
export function unlessInstalled(...programs: readonly string[]): string | false {
  const missing = programs.filter((program) => !isInstalled(program));
  return missing.length === 0 ? false : `not installed here: ${missing.join(', ')}`;
}

/** For a test's `skip` option: false for root, otherwise the reason. */
export function unlessRoot(): string | false {
  return process.getuid?.() === 0 ? false : 'needs root';
}

function isInstalled(program: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  return folders.some((folder) => canRun(join(folder, program)));
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
