/**
 * Translates skopeo's error messages. Matches stderr text, because skopeo has no machine-readable error
 * codes; covers the failures a user can fix, in containers/image 5.22 and later.
 */
import type { ErrorCode } from '../../base/error-codes.ts';
import { messageOf, TreeportError } from '../../base/errors.ts';

type Kind = {
  readonly code: ErrorCode;
  readonly pattern: RegExp;
  /** True if only registries fail this way. */
  readonly remote?: boolean;
  readonly advice: string;
};

/** The first match counts: a TLS error, for example, is also an unreachable registry. */
const KINDS: readonly Kind[] = [
  {
    code: 'ERR_POLICY',
    pattern:
      /source image rejected|rejected by policy|a signature was required|no signature exists|invalid gpg signature|signature verification failed|policy\.json|signature policy/i,
    advice: 'the containers policy (policy.json) refuses it',
  },
  {
    code: 'ERR_REGISTRY_TLS',
    pattern: /server gave http response to https client/i,
    remote: true,
    advice:
      'the registry does not use TLS; allow that with --insecure-skip-tls-verification or insecure=true in registries.conf',
  },
  {
    code: 'ERR_REGISTRY_TLS',
    pattern: /x509: |tls: (?!.*timeout)|certificate/i,
    remote: true,
    advice:
      'TLS with the registry failed; install its CA as ca.crt in /etc/containers/certs.d/HOST:PORT, or pass its directory with --cert-dir',
  },
  {
    code: 'ERR_REGISTRY_AUTH',
    pattern:
      /unauthorized|authentication required|not authorized|access denied|is denied|denied: |forbidden|invalid username\/password|status ?code(?: from registry)?:? 40[13]\b|\b40[13] \(/i,
    remote: true,
    advice:
      'the registry refuses access; run `podman login`, or pass credentials with --authfile or --creds-file',
  },
  {
    code: 'ERR_BLOB_CORRUPT',
    pattern: /corrupted blob|bytes in blob, got|digest did not match|does not match digest/i,
    advice: 'the bytes received do not match the digest',
  },
  {
    code: 'ERR_BLOB_MISSING',
    pattern: /blob unknown|fetching blob: .*\b404\b|unknown blob|locating item named/i,
    advice: 'a blob of the image is missing',
  },
  {
    code: 'ERR_REGISTRY_UNREACHABLE',
    pattern: /pinging container registry \S*: invalid status code from registry 404/i,
    remote: true,
    advice: 'no registry answers there; check its name and the proxy settings',
  },
  {
    code: 'ERR_IMAGE_MISSING',
    pattern:
      /manifest unknown|name unknown|manifest_unknown|name_unknown|repository name not known|does not resolve to an image|identifier is not an image|no such file or directory|not found in|no such image|not a valid (?:name|digest)|\b404\b|no image found/i,
    advice: 'no such image',
  },
  {
    code: 'ERR_REGISTRY_UNREACHABLE',
    pattern: /too ?many ?requests|status(?: ?code)?(?: from registry)?:? 429\b/i,
    remote: true,
    advice: 'the registry limits the rate of requests; wait and try again, or log in with `podman login`',
  },
  {
    code: 'ERR_REGISTRY_UNREACHABLE',
    pattern: /status(?: ?code)?(?: from registry)?:? 5\d\d\b/i,
    remote: true,
    advice: 'the registry, or a proxy in front of it, reports an internal error; try again later',
  },
  {
    code: 'ERR_REGISTRY_UNREACHABLE',
    pattern:
      /dial tcp|no such host|connection refused|connection reset|timeout|timed out|unreachable|no route|unexpected eof|: eof|broken pipe|server misbehaving/i,
    remote: true,
    advice:
      'the registry does not answer, or the connection broke; check its name and the network, and try again',
  },
  {
    code: 'ERR_REGISTRY_UNREACHABLE',
    pattern: /pinging container registry|stopped after \d+ redirects/i,
    remote: true,
    advice: 'no registry answers there; check its name, the network and the proxy settings',
  },
  {
    code: 'ERR_JSON',
    pattern: /invalid character .* looking for|unexpected end of json|cannot unmarshal/i,
    remote: true,
    advice: 'the answer is not that of a registry; a proxy or a login page may have answered instead',
  },
];

/** The error for skopeo's message `said` about `place`, which the error names. */
export function skopeoFault(place: string, said: string): TreeportError {
  const text = messageOf(said);
  const name = /docker:\/\/([^@\s]+?)(?::[^:/\s]+)?(?:@|\s|$)/.exec(place)?.[1];
  // The image's own name may match: registry.example.com/certificate/timeout.
  const judged = name === undefined ? text : text.replaceAll(name, '');
  const kind = KINDS.find(
    ({ pattern, remote }) => (name !== undefined || remote !== true) && pattern.test(judged),
  );
  if (kind === undefined) return new TreeportError('ERR_SKOPEO', `${place}: skopeo failed: ${text}`);
  return new TreeportError(kind.code, `${place}: ${kind.advice} (${text})`);
}
