/** Parses the project's YAML files and looks values up in them. */
import { parseAllDocuments } from 'yaml';
import { projectText } from './project.ts';

/** The documents of a file, its path below the project's folder. Throws on anything that is not YAML. */
export function yamlDocuments(path: string): unknown[] {
  return [...parseAllDocuments(projectText(path))].map((document) => {
    for (const problem of [...document.errors, ...document.warnings]) throw problem;
    return document.toJS();
  });
}

/** The value at this path of names and indexes, or undefined. */
export function at(value: unknown, ...keys: readonly (string | number)[]): unknown {
  return keys.reduce<unknown>((inner, key) => {
    if (inner === null || typeof inner !== 'object') return undefined;
    return (inner as Record<string | number, unknown>)[key];
  }, value);
}
