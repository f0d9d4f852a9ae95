/** Runs code as an unprivileged user, for tests of unreadable files. */

/** Drops root's privileges meanwhile, because root can read everything. */
export async function asNobody(work: () => Promise<void>): Promise<void> {
  if (process.getuid?.() !== 0) return work();
  process.seteuid?.(65534);
  try {
    await work();
  } finally {
    process.seteuid?.(0);
  }
}
