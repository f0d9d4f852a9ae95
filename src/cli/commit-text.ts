/** Formats a commit as `ostree show` and `ostree log` do. */
import { timestampText } from '../base/timestamp.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { type Commit, contentChecksum } from '../ostree/commit.ts';
import { dictString } from '../ostree/metadata-dict.ts';
import { indented } from './clean-text.ts';

export function commitLines(checksum: Checksum, commit: Commit): readonly string[] {
  const version = dictString(commit.metadata, 'version');
  return [
    `commit ${checksum}`,
    ...(commit.parent === undefined ? [] : [`Parent:  ${commit.parent}`]),
    `ContentChecksum:  ${contentChecksum(commit)}`,
    `Date:  ${formatDate(commit.timestamp)}`,
    ...(version === undefined ? [] : [`Version: ${version}`]),
    '',
    ...indented(commit.subject === '' ? '(no subject)' : commit.subject, '    '),
    ...(commit.body === '' ? [] : ['', ...indented(commit.body, '    ')]),
  ];
}

/** `2026-11-20 14:27:28 +0000`, or `@SECONDS` for a timestamp outside the range of dates. */
function formatDate(seconds: number): string {
  const text = timestampText(seconds);
  return text.startsWith('@') ? text : `${text.slice(0, 19).replace('T', ' ')} +0000`;
}
