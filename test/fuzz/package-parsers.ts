/** The parsers of package databases, for the fuzzer of parsers. */
import type { ErrorCode } from '../../src/base/error-codes.ts';
import { changelogEntries, changeTimes } from '../../src/packages/dpkg/changelog.ts';
import { parseDiversions } from '../../src/packages/dpkg/diversions.ts';
import { packageOfParagraph } from '../../src/packages/dpkg/dpkg-package.ts';
import { paragraphs } from '../../src/packages/dpkg/paragraphs.ts';
import { PACKAGE_FORMATS } from '../../src/packages/package.ts';
import { RpmHeader } from '../../src/packages/rpm/header.ts';
import { changelogOfHeader, filesOfHeader, packageOfHeader } from '../../src/packages/rpm/rpm-package.ts';
import { compareVersions } from '../../src/packages/versions/compare-versions.ts';

export type PackageParser = {
  readonly parse: (bytes: Buffer) => unknown;
  readonly seeds: readonly Buffer[];
  readonly codes: readonly ErrorCode[];
};

const STATUS = `Package: bash
Status: install ok installed
Version: 5.2-1
Conffiles:
 /etc/bash.bashrc 89269e1298235f1b12b4c16e4065ad0d

Package: dash
Status: deinstall ok config-files
`;

const CHANGELOG = `bash (5.2-1) unstable; urgency=medium

  * First.

 -- A <a@example.org>  Thu, 01 Jan 2026 00:00:00 +0000
`;

export function packageParsers(): readonly PackageParser[] {
  const text = (parse: (text: string) => unknown) => (bytes: Buffer) => parse(bytes.toString('utf8'));
  return [
    { parse: readHeader, seeds: [rpmHeader()], codes: ['ERR_PACKAGE_DATABASE'] },
    {
      parse: text((status) => [...paragraphs(status)].map(packageOfParagraph)),
      seeds: [Buffer.from(STATUS)],
      codes: [],
    },
    {
      parse: text((changelog) => [changeTimes(changelog), changelogEntries(changelog)]),
      seeds: [Buffer.from(CHANGELOG)],
      codes: [],
    },
    {
      parse: text((lines) => parseDiversions(lines).of('a')('/bin/sh')),
      seeds: [Buffer.from('/bin/sh\n/bin/sh.distrib\ndash\n')],
      codes: [],
    },
    { parse: text(compareAll), seeds: [Buffer.from('1:2.0~rc1^git-1.2 2.0_alpha1-r3')], codes: [] },
  ];
}

function readHeader(bytes: Buffer): void {
  const header = new RpmHeader(bytes);
  packageOfHeader(header);
  filesOfHeader(header);
  changelogOfHeader(header);
}

/** Orders must be those of the opposite question. */
function compareAll(text: string): void {
  const [a = '', b = ''] = text.split(' ');
  for (const format of PACKAGE_FORMATS) {
    if (Math.sign(compareVersions(format, a, b)) !== -Math.sign(compareVersions(format, b, a)))
      throw new Error(`${format} is not sure about ${JSON.stringify([a, b])}`);
  }
}

/** The header of a package with two files and a changelog. */
function rpmHeader(): Buffer {
  const strings = (...list: readonly string[]) => Buffer.from(`${list.join('\0')}\0`);
  const numbers = (...list: readonly number[]) => {
    const bytes = Buffer.alloc(4 * list.length);
    for (const [index, value] of list.entries()) bytes.writeUInt32BE(value, 4 * index);
    return bytes;
  };
  const entries: readonly (readonly [tag: number, type: number, count: number, data: Buffer])[] = [
    [1116, 4, 2, numbers(0, 1)],
    [1080, 4, 1, numbers(1_700_000_000)],
    [1000, 6, 1, strings('bash')],
    [1001, 6, 1, strings('5.2')],
    [1002, 6, 1, strings('1')],
    [1022, 6, 1, strings('x86_64')],
    [1029, 1, 2, Buffer.from([0, 3])],
    [1081, 8, 1, strings('A')],
    [1082, 8, 1, strings('- First')],
    [1117, 8, 2, strings('bash', 'x')],
    [1118, 8, 2, strings('/usr/bin/', '/etc/')],
  ];
  const data = Buffer.concat(entries.map((entry) => entry[3]));
  const at = { offset: 0 };
  const index = entries.map(([tag, type, count, bytes]) => {
    const entry = numbers(tag, type, at.offset, count);
    at.offset += bytes.length;
    return entry;
  });
  return Buffer.concat([numbers(entries.length, data.length), ...index, data]);
}
