/** Counters of a running server, for tests, for the log at shutdown, and for metrics exporters. */
export type Counters = {
  /** Requests answered. */
  requests: number;
  /** Bytes written to sockets, headers included. */
  bytes: number;
  /** Archive objects sent unchanged from the repository. */
  plain: number;
  /** Archive objects sent from the cache directory. */
  cached: number;
  /** Archive objects encoded; an encoding shared by concurrent requests counts once. */
  encoded: number;
  /** Bytes produced by encoding. */
  encodedBytes: number;
  /** Objects refused because their checksum does not match. */
  corrupt: number;
  /** Objects refused because they could not be read. */
  unreadable: number;
  /** Requests for objects that do not exist, including detached metadata and other optional objects. */
  missing: number;
  /** Parts of virtual deltas made; a part that several clients wait for counts once. */
  madeParts: number;
  /** Requests for a part that could not be made for now: an object unreadable, a resource exhausted. */
  failedParts: number;
  /** Virtual deltas that are not offered any more, because a part of them came out differently. */
  withdrawnDeltas: number;
};

export function newCounters(): Counters {
  return {
    requests: 0,
    bytes: 0,
    plain: 0,
    cached: 0,
    encoded: 0,
    encodedBytes: 0,
    corrupt: 0,
    unreadable: 0,
    missing: 0,
    madeParts: 0,
    failedParts: 0,
    withdrawnDeltas: 0,
  };
}
