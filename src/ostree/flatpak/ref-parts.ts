/**
 * What flatpak reads from the names of refs (flatpak 1.14, common/flatpak-utils.c):
 *
 * | ref | what it is |
 * |---|---|
 * | `app/ID/ARCHITECTURE/BRANCH`, `runtime/ID/ARCHITECTURE/BRANCH` | apps; runtimes and extensions |
 * | `appstream/ARCHITECTURE`, `appstream2/ARCHITECTURE` | descriptions and icons of the apps |
 * | `appstream2/SUBSET-ARCHITECTURE` | the same of a subset |
 */

export type FlatpakKind = 'app' | 'runtime';

export type FlatpakRef = {
  readonly kind: FlatpakKind;
  readonly id: string;
  readonly architecture: string;
  readonly branch: string;
};

const APP_OR_RUNTIME = /^(app|runtime)\/([^/]+)\/([^/]+)\/([^/]+)$/;
const IN_INDEX = /^(?:app|runtime|appstream|appstream2)\//;
const APPSTREAM = /^appstream2?\/(?:.*-)?([^-]*)$/s;
const SUBSET = /^appstream2\/(.*)-[^-]*$/s;

/** The parts of the name of an app or runtime; undefined for other refs. */
export function parseFlatpakRef(name: string): FlatpakRef | undefined {
  const [, kind, id, architecture, branch] = APP_OR_RUNTIME.exec(name) ?? [];
  if (kind === undefined) return undefined;
  return {
    kind: kind as FlatpakKind,
    id: id as string,
    architecture: architecture as string,
    branch: branch as string,
  };
}

/** True for refs whose sizes and metadata are in flatpak's summaries. */
export function isFlatpakRef(name: string): boolean {
  return IN_INDEX.test(name);
}

/** Undefined for refs of other kinds, which flatpak lists for every architecture. */
export function architectureOf(name: string): string | undefined {
  return APPSTREAM.exec(name)?.[1] ?? parseFlatpakRef(name)?.architecture;
}

/** The subset that an appstream ref describes; undefined for other refs. */
export function appstreamSubset(name: string): string | undefined {
  return SUBSET.exec(name)?.[1];
}
