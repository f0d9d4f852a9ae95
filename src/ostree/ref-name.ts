/**
 * Ref names: components of letters, digits and `-._` joined by `/`, a component starting with a letter,
 * digit or `_`. Letters and digits are Unicode's, as in libostree's own pattern.
 */
import { TreeportError } from '../base/errors.ts';

const COMPONENT = String.raw`[\p{L}\p{N}_][-._\p{L}\p{N}\p{M}]*`;
const REF = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`, 'u');
const REMOTE = new RegExp(`^${COMPONENT}$`, 'u');

export function isRefName(text: string): boolean {
  return REF.test(text);
}

/** True if `text` is the name of a remote: one component. */
export function isRemoteName(text: string): boolean {
  return REMOTE.test(text);
}

/** Throws ERR_REF_SYNTAX unless `text` is a ref name. */
export function checkRefName(text: string): void {
  if (!isRefName(text))
    throw new TreeportError('ERR_REF_SYNTAX', `${JSON.stringify(text)} is not a valid ref name`);
}
