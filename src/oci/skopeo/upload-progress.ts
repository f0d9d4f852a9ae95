/**
 * How much of a layout a running skopeo has read, from the positions of the files that it has open. skopeo
 * itself tells that to terminals only. Blobs that the registry has already are never opened.
 *
 * Source: proc_pid_fdinfo(5).
 */
import { readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BLOB_DIRECTORY } from '../model/image-layout.ts';

/** Milliseconds. */
const INTERVAL = 250;

/** Reports the bytes read of all blobs and their total, until the returned function is called. */
export function watchUpload(
  pid: number,
  layout: string,
  onUpload: (done: number, total: number) => void,
): () => void {
  const blobs = blobSizes(layout);
  const total = [...blobs.values()].reduce((sum, size) => sum + size, 0);
  const reached = new Map<string, number>();
  const look = () => {
    const open = openPositions(pid, blobs);
    // What is closed was read to its end.
    for (const path of reached.keys()) if (!open.has(path)) reached.set(path, blobs.get(path) ?? 0);
    for (const [path, position] of open) reached.set(path, Math.max(reached.get(path) ?? 0, position));
    onUpload(
      [...reached.values()].reduce((sum, size) => sum + size, 0),
      total,
    );
  };
  const timer = setInterval(look, INTERVAL);
  return () => clearInterval(timer);
}

function blobSizes(layout: string): ReadonlyMap<string, number> {
  const folder = join(realpathSync(layout), BLOB_DIRECTORY);
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
