/** Adds up what work reports of its progress. */
export class ReportedBytes {
  done = 0;
  /** All totals, each once, in their order. */
  readonly totals = new Set<number | undefined>();

  readonly onProgress = (bytes: number, total?: number): void => {
    this.done += bytes;
    this.totals.add(total);
  };
}
