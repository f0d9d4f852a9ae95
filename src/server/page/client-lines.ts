/** The commands that set up a client of this mirror, for the landing page and the terminal. */

export type ClientLinesOptions = {
  /** URL of the repository, without a trailing slash. */
  readonly url: string;
  /** An existing ref, if the repository has one. */
  readonly ref: string | undefined;
  /** Whether commits or summary carry GPG signatures. */
  readonly isSigned: boolean;
};

export type ClientLines = {
  readonly client: string;
  readonly lines: readonly string[];
};

export const REMOTE = 'mirror';

/** Commands for flatpak if the ref is an app's or a runtime's, otherwise for ostree and rpm-ostree. */
export function clientLines({ url, ref, isSigned }: ClientLinesOptions): readonly ClientLines[] {
  if (ref !== undefined && /^(?:app|runtime)\/[^/]+\/[^/]+\/[^/]+$/.test(ref)) {
    const trust = isSigned ? '--gpg-import=KEY.gpg' : '--no-gpg-verify';
    const kind = ref.startsWith('app/') ? ref.split('/')[1] : ref.slice('runtime/'.length);
    return [
      {
        client: 'flatpak',
        lines: [`flatpak remote-add ${trust} ${REMOTE} ${url}`, `flatpak install ${REMOTE} ${kind}`],
      },
    ];
  }
  const trust = isSigned ? '--gpg-import=KEY.gpg' : '--no-gpg-verify';
  const add = `ostree remote add ${trust} ${REMOTE} ${url}`;
  const name = ref ?? 'REF';
  return [
    { client: 'ostree', lines: [add, `ostree pull ${REMOTE} ${name}`] },
    { client: 'rpm-ostree', lines: [add, `rpm-ostree rebase ${REMOTE}:${name}`] },
  ];
}
