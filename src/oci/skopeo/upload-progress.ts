/**
 * How much of a layout a running skopeo has sent, from the positions of the files that it has open. skopeo
 * itself tells that to terminals only. Blobs that the registry has, or mounts from another repository, are
 * not sent: skopeo's log names each of them. The total is without them as soon as they are known.
 *
 * Source: proc_pid_fdinfo(5).
 */
import { readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BLOB_DIRECTORY } from '../model/image-layout.ts';

/** Milliseconds. */
const INTERVAL = 250;

const SKIPPED = /^"?Skipping blob sha256:([0-9a-f]{64}) \(already present\)/;

export class UploadWatch {
  readonly #folder: string;
  readonly #toSend: Map<string, number>;
  /** How far each blob was read; beyond its end when it is closed. */
  readonly #reached = new Map<string, number>();
  readonly #onUpload: (done: number, total: number) => void;

  /** `onUpload` receives the bytes sent of all blobs that are to be sent, and the total of those. */
  constructor(layout: string, onUpload: (done: number, total: number) => void) {
    this.#folder = join(realpathSync(layout), BLOB_DIRECTORY);
    this.#toSend = blobSizes(this.#folder);
    this.#onUpload = onUpload;
  }

  /** Reports until the returned function is called. */
  start(pid: number): () => void {
    const timer = setInterval(() => this.look(openPositions(pid, this.#toSend)), INTERVAL);
    return () => clearInterval(timer);
  }

  /** Takes a message of skopeo's log. */
  read(message: string): void {
    const digits = SKIPPED.exec(message)?.[1];
    if (digits !== undefined) this.#toSend.delete(join(this.#folder, digits));
  }

  /** Everything is sent. */
  finish(): void {
    for (const path of this.#toSend.keys()) this.#reached.set(path, Number.POSITIVE_INFINITY);
    this.#report();
  }

  /** `open`: how far the open blobs are read. */
  look(open: ReadonlyMap<string, number>): void {
    // What is closed was read to its end.
    for (const path of this.#reached.keys())
      if (!open.has(path)) this.#reached.set(path, Number.POSITIVE_INFINITY);
    for (const [path, position] of open)
      this.#reached.set(path, Math.max(this.#reached.get(path) ?? 0, position));
    this.#report();
  }

  #report(): void {
    let [done, total] = [0, 0];
    for (const [path, size] of this.#toSend) {
      total += size;
      done += Math.min(size, this.#reached.get(path) ?? 0);
    }
    this.#onUpload(done, total);
  }
}

function blobSizes(folder: string): Map<string, number> {
  return new Map(
    readdirSync(folder).map((name) => [join(folder, name), statSync(join(folder, name)).size] as const),
  );
}

/** The positions in the blobs that the process has open; none without /proc, or when it has ended. */
export function openPositions(pid: number, blobs: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const positions = new Map<string, number>();
  for (const descriptor of optional(() => readdirSync(`/proc/${pid}/fd`)) ?? []) {
    const path = optional(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`));
    if (path === undefined || !blobs.has(path)) continue;
    const info = optional(() => readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, 'utf8'));
    const position = Number(/^pos:\s*(\d+)$/m.exec(info ?? '')?.[1] ?? 0);
    positions.set(path, Math.max(positions.get(path) ?? 0, position));
  }
  return positions;
}

/** The process closes files, and ends, at any moment. */
function optional<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
