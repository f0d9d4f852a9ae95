/**
 * The bundled `treeport` commands that are measured: the one of this checkout, and with --against the one of
 * another checkout, in the same rounds.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from './command.ts';

export type Build = {
  /** Follows the name of each contender of the other build; empty for this checkout. */
  readonly suffix: string;
  /** The command line of this build, as in the npm package, run by the current Node. */
  readonly treeport: (...args: readonly string[]) => Command;
};

export const OTHER_SUFFIX = ' (before)';

export const THIS_BUILD: Build = build(join(import.meta.dirname, '..'), '');

/** The build in `checkout`, in which `npm run build` has run. Throws if it has not. */
export function buildAgainst(checkout: string): Build {
  return build(resolve(checkout), OTHER_SUFFIX);
}

function build(checkout: string, suffix: string): Build {
  // Builds before November 2026 have another name.
  const names = ['treeport.cjs', 'treeport.js'].map((name) => join(checkout, 'dist/bin', name));
  const program = names.find((path) => existsSync(path));
  if (program === undefined) throw new Error(`${names[0]} is missing: run npm run build in ${checkout}`);
  return { suffix, treeport: (...args) => [process.execPath, program, ...args] };
}
