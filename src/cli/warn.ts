/** Warnings of the verbs: one line each on stderr. */
export function warn(message: string): void {
  process.stderr.write(`treeport: warning: ${message}\n`);
}
