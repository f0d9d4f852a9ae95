/** The imports of the project's modules, for the tests of who may depend on whom. */
import { posix } from 'node:path';
import { projectText } from './project.ts';

const IMPORT = /(?:^|[\s;}])(?:from|import)\s*\(?\s*'([\w@./:-]+)'/g;

/** What a module imports, static or dynamic: modules of the project as paths from its root, packages by specifier. */
export function importsOf(path: string): string[] {
  const specifiers = [...projectText(path).matchAll(IMPORT)].map((match) => match[1] as string);
  return specifiers.map((specifier) =>
    specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : specifier,
  );
}

/** Everything a module leads to, itself included, in the order found. */
export function reachableFrom(path: string, seen: Set<string> = new Set()): ReadonlySet<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  if (path.startsWith('src/')) for (const next of importsOf(path)) reachableFrom(next, seen);
  return seen;
}

/** The npm package of a specifier, undefined for Node's own modules and for the project's. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith('node:') || specifier.startsWith('src/')) return undefined;
  return /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0];
}
