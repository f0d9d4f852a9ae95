/** The entry points of the worker threads, under the names that `Thread` (src/base/thread.ts) uses. */
import { globSync } from 'node:fs';
import { basename, join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');

/** Sources, absolute, by name without extension. */
export function threadEntries(): Readonly<Record<string, string>> {
  const files = globSync(join(ROOT, 'src/**/*-{thread,worker}.ts'));
  return Object.fromEntries(files.map((file) => [basename(file, '.ts'), file]));
}
