/** Where npm packages are installed that treeport reads files of. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const { resolve } = createRequire(import.meta.url);

/** The directory of an installed package, or undefined. Not all packages export their package.json. */
export function packageDirectory(name: string): string | undefined {
  for (const file of [`${name}/package.json`, name]) {
    try {
      return dirname(resolve(file));
    } catch {
      // The next one.
    }
  }
  return undefined;
}

/** The package with the runtime of an architecture, as npm names it. */
export function runtimePackageName(architecture: string): string {
  return `treeport-runtime-linux-${architecture}`;
}

/** Below a runtime: what the command itself loads. It is not part of images. */
export const RUNTIME_TOOLS = 'tools';

/**
 * The installed runtime of an architecture (npm's name), or undefined. In a checkout the package is empty
 * until scripts/runtimes.ts has made it.
 */
export function runtimeDirectory(architecture: string): string | undefined {
  const found = packageDirectory(runtimePackageName(architecture));
  const directory = found && join(found, 'runtime');
  return directory !== undefined && existsSync(join(directory, 'bin/node')) ? directory : undefined;
}
