/** Packages out of the paragraphs of a dpkg or opkg `status` (deb-control(5)). */
import type { Package } from '../package.ts';
import type { Paragraph } from './paragraphs.ts';

export type StatusPackage = {
  readonly package: Package;
  /** Multi-Arch: same, so the names of its files in `info/` have the architecture. */
  readonly coinstallable: boolean;
  /** Absolute paths of its configuration files. */
  readonly conffiles: readonly string[];
};

/** Unpacked and triggered packages have their files as well; `config-files` and `not-installed` do not. */
const INSTALLED = /^\S+ \S+ (?:installed|unpacked|half-configured|triggers-awaited|triggers-pending)$/;

/** Undefined for packages that are not installed; a string says why the paragraph cannot be used. */
export function packageOfParagraph({ fields, fault }: Paragraph): StatusPackage | string | undefined {
  if (fault !== undefined) return fault;
  const status = fields.get('status');
  // Images without dpkg (status.d) have paragraphs without a status.
  if (status !== undefined && !INSTALLED.test(status)) return undefined;
  const name = fields.get('package');
  const version = fields.get('version');
  if (name === undefined || !/^[a-z0-9][a-z0-9+._-]*$/i.test(name)) return 'it has no valid field Package';
  if (version === undefined || !/^[!-~]+$/.test(version)) return 'it has no valid field Version';
  const architecture = fields.get('architecture') ?? 'all';
  if (!/^[a-z0-9_.+-]+$/i.test(architecture)) return 'it has no valid field Architecture';
  const kilobytes = Number(fields.get('installed-size') ?? Number.NaN);
  return {
    package: {
      id: `${name}:${architecture}=${version}`,
      key: `${name}:${architecture}`,
      name,
      version,
      architecture,
      source: fields.get('source')?.split('(')[0]?.trim() || name,
      size: Number.isSafeInteger(kilobytes) ? kilobytes * 1024 : undefined,
      built: undefined,
      changes: [],
    },
    coinstallable: fields.get('multi-arch') === 'same',
    conffiles: conffilesOf(fields.get('conffiles') ?? ''),
  };
}

/** Lines of path, MD5 and possibly `obsolete`. */
function conffilesOf(value: string): readonly string[] {
  return value.split('\n').flatMap((line) => /^(\/.*) [0-9a-f]{32}(?: |$)/.exec(line)?.[1] ?? []);
}
