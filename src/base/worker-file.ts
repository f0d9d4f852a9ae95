/** Locates the file of a worker thread, in a source tree and in the built package. */

/**
 * The URL of the worker module `name` (without extension) beside the module at `importer`
 * (`import.meta.url`): `.ts` in a source tree, `.js` in the built package.
 */
export function workerFile(importer: string, name: string): string {
  const extension = importer.endsWith('.ts') ? '.ts' : '.js';
  return new URL(`${name}${extension}`, importer).href;
}
