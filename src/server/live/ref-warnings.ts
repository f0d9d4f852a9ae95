/**
 * Warnings about refs that are not offered as they stand: damaged files, unreadable commits, remotes that
 * disagree.
 */
import type { Logger } from 'pino';
import { messageOf } from '../../base/errors.ts';
import type { OfferedRefsOptions } from '../../ostree/offered-refs.ts';

export type Warning = {
  /** Goes into the log line beside the message. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
};

/** Logs a warning when it begins to hold, and again only after it has ended. */
export class WarningLog {
  readonly #logger: Logger;
  #current: ReadonlySet<string> = new Set();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Replaces the warnings that hold now. */
  set(warnings: readonly Warning[]): void {
    for (const { fields, message } of warnings) {
      if (!this.#current.has(message)) this.#logger.warn(fields, message);
    }
    this.#current = new Set(warnings.map(({ message }) => message));
  }
}

export type RefWarnings = {
  readonly options: OfferedRefsOptions;
  readonly warnings: readonly Warning[];
  /** Refs whose commits cannot be read. */
  readonly skipped: ReadonlySet<string>;
};

/** Collects the warnings of one listing of the refs. */
export function refWarnings(): RefWarnings {
  const warnings: Warning[] = [];
  const skipped = new Set<string>();
  const options: OfferedRefsOptions = {
    onDamaged: ({ path, why }) => {
      warnings.push({
        fields: { file: path },
        message: `${path} is not a valid ref and is left out: ${why}`,
      });
    },
    onSkipped: (ref, commit, error) => {
      skipped.add(ref);
      const fields = { ref, object: `${commit}.commit` };
      warnings.push({ fields, message: `ref ${ref} is left out of the summary: ${messageOf(error)}` });
    },
    onConflict: (ref, offered, older) => {
      const message = `remotes disagree about ${ref}: commit ${offered} is served, which is newer than ${older}`;
      warnings.push({ fields: { ref }, message });
    },
  };
  return { options, warnings, skipped };
}
