/**
 * Which static deltas are made for a mirror image, besides those that the source repository has: the values
 * of `--delta`.
 */
import { TreeportError } from '../base/errors.ts';

export type DeltaChoice =
  /** From the parent of each published commit, where the repository has it, unless that saves too little. */
  | { readonly kind: 'parent' }
  | { readonly kind: 'scratch' }
  /** From scratch to each published commit, of which only the superblock is stored. */
  | { readonly kind: 'virtual' }
  /** To the published commits whose history has this commit, else to the first one. */
  | { readonly kind: 'from'; readonly revision: string }
  /** What a policy lists for the published refs. */
  | { readonly kind: 'policy'; readonly file: string };

export const DEFAULT_DELTAS: readonly DeltaChoice[] = [{ kind: 'parent' }, { kind: 'virtual' }];

/** The values of all `--delta` options; ERR_USAGE. */
export function parseDeltaChoices(values: readonly string[]): readonly DeltaChoice[] {
  if (values.length === 0) return DEFAULT_DELTAS;
  if (!values.includes('none')) return values.map(parseChoice);
  if (values.length === 1) return [];
  throw new TreeportError('ERR_USAGE', '--delta none and other values of --delta exclude each other');
}

function parseChoice(text: string): DeltaChoice {
  if (text === 'parent' || text === 'scratch' || text === 'virtual') return { kind: text };
  const [, key, value] = /^(from|policy)=(.+)$/s.exec(text) ?? [];
  if (key === 'from' && value !== undefined) return { kind: key, revision: value };
  if (key === 'policy' && value !== undefined) return { kind: key, file: value };
  throw new TreeportError(
    'ERR_USAGE',
    `--delta ${text} is unknown: give parent, scratch, virtual, from=REVISION, policy=FILE or none`,
  );
}
