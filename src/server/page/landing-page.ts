/**
 * The page at `/` and at the repository's own address: the mirror's refs and the commands to use them. No
 * script, one style sheet, no cookies.
 *
 * Ref names may come from a third party's summary, and visitors paste the commands into a shell: only valid
 * ref names are shown, because these contain no shell metacharacters.
 */
import { isoTimestamp } from '../../base/timestamp.ts';
import { VERSION } from '../../base/version.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { isRefName } from '../../ostree/ref-name.ts';
import type { SignatureKind } from '../../ostree/sign/signer.ts';
import { clientLines, REMOTE } from './client-lines.ts';
import type { FlatpakApp } from './flatpak-apps.ts';
import { type Html, html } from './html.ts';
import type { CommitSignatures, Signatures } from './signature-state.ts';

export type LandingRef = {
  readonly name: string;
  readonly commit: Checksum;
  readonly version: string | undefined;
  /** Seconds since 1970. */
  readonly timestamp: number | undefined;
};

export type LandingPage = {
  /** URL of the repository as the visitor reaches it. */
  readonly url: string;
  /** Path of the folder of the style sheet. */
  readonly assets: string;
  readonly refs: readonly LandingRef[];
  /** The kinds of signatures of the first ref's commit. */
  readonly commitKinds: readonly SignatureKind[];
  readonly commits: CommitSignatures;
  /** Undefined if the server cannot sign the summary now. */
  readonly summarySignatures: Signatures | undefined;
  /** What the publisher calls the repository. */
  readonly title?: string;
  readonly apps?: readonly FlatpakApp[];
};

/** Keeps the page readable; `summary` has all refs. */
const MAX_REFS = 500;

export function landingPage(page: LandingPage): string {
  const { url, assets, refs: all, commitKinds, summarySignatures, title, apps = [] } = page;
  const refs = all.filter(({ name }) => isRefName(name));
  const hidden = all.length - refs.length;
  const usage = clientLines({
    url,
    ref: refs[0]?.name,
    commitKinds,
    summaryKinds: summarySignatures?.kinds ?? [],
  });
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title ?? 'ostree mirror'}</title>
<link rel="stylesheet" href="${assets}/style.css">
</head>
<body>
<main>
<h1>${title ?? 'ostree mirror'}</h1>
<p>This server is an ostree repository. Its address is <a href="${url}/config"><code>${url}</code></a>.</p>
<h2>Use it</h2>
${usage.map(
  ({ client, lines }) => html`<h3>${client}</h3>
<pre tabindex="0" aria-label="Commands for ${client}"><code>${lines.join('\n')}</code></pre>
`,
)}${appList(apps.filter(({ id, branch }) => isRefName(`${id}/${branch}`)))}<h2>Refs</h2>
${refs.length === 0 ? html`<p>There are no refs in this repository; commits can be pulled by checksum.</p>` : refTable(refs)}
${hidden > 0 ? html`<p>Not shown: ${hidden} ${hidden === 1 ? 'name that is not a valid ref name' : 'names that are not valid ref names'}.</p>` : undefined}
${signatureList(page)}</main>
<footer><p>treeport ${VERSION}</p></footer>
</body>
</html>
`.text;
}

function signatureList({ commits, summarySignatures: summary }: LandingPage): Html {
  const { commits: count, signed } = commits;
  const share = signed === 0 ? 'not signed' : signed < count ? `${signed} of ${count} signed` : 'signed';
  return html`<h2>Signatures</h2>
<dl>
<dt>Commits</dt><dd>${count === 0 ? 'none' : share}${signedBy(commits)}</dd>
<dt>Summary</dt><dd>${summary === undefined ? 'cannot be signed now' : summary.kinds.length === 0 ? 'not signed' : html`signed${signedBy(summary)}`}</dd>
</dl>
<p>Nothing on this page is verified: get the key from the publisher, and let your client verify.</p>
${engineNote(commits)}`;
}

/** Debian's ostree is built without engines. */
function engineNote({ kinds }: Signatures): Html | undefined {
  const engines = kinds.filter((kind) => kind !== 'gpg');
  if (engines.length === 0) return undefined;
  return html`<p>An ostree that answers <q>Requested signature type is not implemented</q> was built without ${engines.join(' and ')}, as that of Debian is: it cannot verify these signatures.</p>
`;
}

/** Kinds, and the keys that the signatures name. */
function signedBy({ kinds, keys }: Signatures): Html | undefined {
  if (kinds.length === 0) return undefined;
  const engines = kinds.filter((kind) => kind !== 'gpg');
  const gpg = kinds.includes('gpg') ? ['GPG'] : [];
  return html` with ${[...gpg, ...engines].join(', ')}${keys.map((key) => html`, key <code>${key}</code>`)}`;
}

/** Each with the command that installs it. */
function appList(apps: readonly FlatpakApp[]): Html | undefined {
  if (apps.length === 0) return undefined;
  return html`<h2>Apps</h2>
<ul class="apps">
${apps.map(
  ({
    id,
    architecture,
    branch,
    name,
    icon,
  }) => html`<li>${icon === undefined ? undefined : html`<img src="${icon}" alt="" width="48" height="48">`}
<div><strong>${name}</strong> ${architecture} ${branch}
<pre tabindex="0" aria-label="Command that installs ${name}"><code>flatpak install ${REMOTE} ${id}/${architecture}/${branch}</code></pre></div></li>
`,
)}</ul>
`;
}

function refTable(refs: readonly LandingRef[]): Html {
  const more = refs.length - MAX_REFS;
  return html`<div class="table" role="region" aria-label="Refs" tabindex="0">
<table>
<thead><tr><th scope="col">Ref</th><th scope="col">Version</th><th scope="col">Date</th><th scope="col">Commit</th></tr></thead>
<tbody>
${refs.slice(0, MAX_REFS).map(refRow)}</tbody>
</table>
</div>
${more > 0 ? html`<p>And ${more} more.</p>` : undefined}`;
}

function refRow({ name, commit, version, timestamp }: LandingRef): Html {
  return html`<tr><th scope="row">${breakable(name)}</th><td>${version ?? '–'}</td><td>${dateCell(timestamp)}</td><td><code>${commit}</code></td></tr>
`;
}

/** Longer parts may not fit on the line of a phone. */
const LONG_PART = 24;

/** Lines may break after a slash, and after the dots of a long part. */
function breakable(name: string): readonly Html[] {
  const parts = name.split(/(?<=\/)/);
  const pieces = parts.flatMap((part) => (part.length > LONG_PART ? part.split(/(?<=\.)/) : [part]));
  return pieces.map((piece, index) => (index === 0 ? html`${piece}` : html`<wbr>${piece}`));
}

function dateCell(timestamp: number | undefined): Html | string {
  const text = isoTimestamp(timestamp ?? Number.NaN);
  if (text === undefined) return '–';
  return html`<time datetime="${text}">${text.slice(0, 16).replace('T', ' ')} UTC</time>`;
}
