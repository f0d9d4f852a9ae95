/** What a running server has done so far: for tests, the log at shutdown, and whoever exports metrics. */
export type Counters = {
  /** Requests answered. */
  requests: number;
  /** Bytes handed to the network, headers included. */
  bytes: number;
  /** Archive objects sent as they lie on disk, in the repository. */
  plain: number;
  /** Archive objects sent from the cache directory. */
  cached: number;
  /** Archive objects encoded; concurrent requests that share one encoding count it once. */
  encoded: number;
  /** Bytes that encoding has produced. */
  encodedBytes: number;
  /** Objects refused because their bytes do not give their id. */
  corrupt: number;
  /** Objects refused because they could not be read. */
  unreadable: number;
  /** Objects asked for and not there, detached metadata and other optional ones included. */
  missing: number;
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
  };
}
