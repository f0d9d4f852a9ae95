/** Imports between the project's modules, for the tests of the dependency rules. */
import { posix } from 'node:path';
import { projectText } from './project.ts';

const IMPORT = /(?:^|[\s;}])(?:from|import)\s*\(?\s*'([\w@./:-]+)'/g;

/** Static and dynamic imports of a module: project modules as paths from the root, packages by specifier. */
export function importsOf(path: string): string[] {
  const specifiers = [...projectText(path).matchAll(IMPORT)].map((match) => match[1] as string);
  return specifiers.map((specifier) =>
    specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : specifier,
  );
}

/** Every module reachable from `path` through imports, itself included, in the order found. */
export function reachableFrom(path: string, seen: Set<string> = new Set()): ReadonlySet<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  if (path.startsWith('src/')) for (const next of importsOf(path)) reachableFrom(next, seen);
  return seen;
}

/** Groups of modules that import one another in a circle, each sorted; imports of types count as well. */
export function importCircles(modules: readonly string[]): string[][] {
  const reached = new Map(modules.map((path) => [path, reachableFrom(path)]));
  const joined = (one: string, other: string) =>
    reached.get(one)?.has(other) === true && reached.get(other)?.has(one) === true;
  const circles = modules.map((path) => modules.filter((other) => other !== path && joined(path, other)));
  const groups = modules.map((path, index) => [path, ...(circles[index] ?? [])].toSorted());
  return groups.filter((group, index) => group.length > 1 && group[0] === modules[index]);
}

/** The npm package of a specifier; undefined for Node's modules and the project's. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith('node:') || specifier.startsWith('src/')) return undefined;
  return /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0];
}
