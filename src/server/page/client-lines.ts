/** The commands that set up a client of this mirror, for the landing page and the terminal. */
import type { SignatureKind } from '../../ostree/sign/signer.ts';

export type ClientLinesOptions = {
  /** URL of the repository, without a trailing slash. */
  readonly url: string;
  /** An existing ref, if the repository has one. */
  readonly ref: string | undefined;
  /** The kinds of signatures of its commit. */
  readonly commitKinds: readonly SignatureKind[];
  readonly summaryKinds: readonly SignatureKind[];
};

export type ClientLines = {
  readonly client: string;
  readonly lines: readonly string[];
};

export const REMOTE = 'mirror';

const GPG_KEY = '--gpg-import=KEY.gpg';
const NO_GPG = '--no-gpg-verify';

/** Commands for flatpak if the ref is an app's or a runtime's, otherwise for ostree and rpm-ostree. */
export function clientLines({
  url,
  ref,
  commitKinds,
  summaryKinds,
}: ClientLinesOptions): readonly ClientLines[] {
  if (ref !== undefined && /^(?:app|runtime)\/[^/]+\/[^/]+\/[^/]+$/.test(ref)) {
    const trust = [...commitKinds, ...summaryKinds].includes('gpg') ? GPG_KEY : NO_GPG;
    const kind = ref.startsWith('app/') ? ref.split('/')[1] : ref.slice('runtime/'.length);
    return [
      {
        client: 'flatpak',
        lines: [`flatpak remote-add ${trust} ${REMOTE} ${url}`, `flatpak install ${REMOTE} ${kind}`],
      },
    ];
  }
  const add = `ostree remote add ${trustOptions(commitKinds, summaryKinds).join(' ')} ${REMOTE} ${url}`;
  const name = ref ?? 'REF';
  return [
    { client: 'ostree', lines: [add, `ostree pull ${REMOTE} ${name}`] },
    { client: 'rpm-ostree', lines: [add, `rpm-ostree rebase ${REMOTE}:${name}`] },
  ];
}

/**
 * Demands every kind of signature that the commit has. ostree verifies GPG signatures unless told not to, and
 * demands one of the commit if it has a key for the summary.
 */
function trustOptions(
  commitKinds: readonly SignatureKind[],
  summaryKinds: readonly SignatureKind[],
): readonly string[] {
  const engines = commitKinds.filter((kind) => kind !== 'gpg');
  const sign = engines.map((kind) => `--sign-verify=${kind}=file:/PATH/TO/KEY.${kind}.pub`);
  if (commitKinds.includes('gpg')) return [GPG_KEY, ...sign];
  const summary = ['--set=gpg-verify=false', '--set=gpg-verify-summary=true'];
  return [...(summaryKinds.includes('gpg') ? [GPG_KEY, ...summary] : [NO_GPG]), ...sign];
}
