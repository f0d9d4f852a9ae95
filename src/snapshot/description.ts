/**
 * `snapshot/description` in the published repo of a snapshot: what `info` and later snapshots need without
 * reading objects. docs/formats/snapshot.md describes it. Refs are files of the published repo as ever.
 */
import { TreeportError } from '../base/errors.ts';
import { canonicalJson } from '../oci/model/canonical-json.ts';
import { type Json, jsonArray, jsonObject, jsonSize, jsonString, parseJson } from '../oci/model/json.ts';
import { type Checksum, parseChecksum } from '../ostree/checksum.ts';

export type SnapshotCommit = {
  readonly checksum: Checksum;
  readonly parent: Checksum | undefined;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly version: string | undefined;
};

export type Description = {
  /** The encapsulated commit. */
  readonly main: Checksum | undefined;
  readonly commits: readonly SnapshotCommit[];
};

const VERSION = 1;

export function encodeDescription({ main, commits }: Description): Buffer {
  return canonicalJson({
    version: VERSION,
    ...(main === undefined ? {} : { main }),
    commits: commits.map(({ checksum, parent, timestamp, version }) => ({
      checksum,
      timestamp,
      ...(parent === undefined ? {} : { parent }),
      ...(version === undefined ? {} : { version }),
    })),
  });
}

/** `where` names the file in ERR_JSON and ERR_SNAPSHOT. */
export function decodeDescription(bytes: Buffer, where: string): Description {
  const object = jsonObject(parseJson(bytes, where), where);
  const version = jsonSize(object.version, `${where}.version`);
  if (version !== VERSION)
    throw new TreeportError(
      'ERR_SNAPSHOT',
      `${where} has version ${version}; only ${VERSION} is known to this treeport`,
    );
  return {
    main: optional(object.main, `${where}.main`, checksumAt),
    commits: jsonArray(object.commits, `${where}.commits`).map((value, index) =>
      decodeCommit(value, `${where}.commits[${index}]`),
    ),
  };
}

function decodeCommit(value: Json, where: string): SnapshotCommit {
  const object = jsonObject(value, where);
  return {
    checksum: checksumAt(object.checksum, `${where}.checksum`),
    parent: optional(object.parent, `${where}.parent`, checksumAt),
    timestamp: jsonSize(object.timestamp, `${where}.timestamp`),
    version: optional(object.version, `${where}.version`, jsonString),
  };
}

function checksumAt(value: Json | undefined, where: string): Checksum {
  return parseChecksum(jsonString(value, where));
}

function optional<T>(
  value: Json | undefined,
  where: string,
  parse: (value: Json, where: string) => T,
): T | undefined {
  return value === undefined ? undefined : parse(value, where);
}
