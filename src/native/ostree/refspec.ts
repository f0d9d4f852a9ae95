/** Names of refs as libostree takes them: `ref` or `remote:ref`. Other names would be paths out of the refs' folder. */
import { TreeportError } from '../../base/errors.ts';
import { isRefName } from '../../ostree/ref-name.ts';

export type Refspec = {
  readonly remote: string | null;
  readonly ref: string;
};

/** Throws ERR_REF_SYNTAX unless `text` is a ref name, or the name of a remote, a colon and a ref name. */
export function parseRefspec(text: string): Refspec {
  const colon = text.indexOf(':');
  const remote = colon < 0 ? null : text.slice(0, colon);
  const ref = text.slice(colon + 1);
  if (isRefName(ref) && (remote === null || isRemoteName(remote))) return { remote, ref };
  throw new TreeportError('ERR_REF_SYNTAX', `${JSON.stringify(text)} is not a valid ref name`);
}

export function isRemoteName(text: string): boolean {
  return isRefName(text) && !text.includes('/');
}
