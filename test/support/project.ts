/** The project's files, for the house tests. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** Paths relative to the project's folder that match the patterns, sorted; installed packages excluded. */
export function projectFiles(...patterns: readonly string[]): string[] {
  return globSync(patterns, { cwd: ROOT, exclude: (path) => path.includes('node_modules') }).toSorted();
}

/** The text of a file; the path is relative to the project's folder. */
export function projectText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

export type Manifest = {
  readonly name: string;
  readonly version: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};

/** package.json of the project, or of a folder in it. */
export function manifest(folder = '.'): Manifest {
  return JSON.parse(projectText(join(folder, 'package.json')));
}
