/** Warnings about a state: each is logged when it begins to hold, and again only after it has ended. */
import type { Logger } from 'pino';

export type Notice = {
  /** Goes into the log line beside the message. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
};

export class Notices {
  readonly #logger: Logger;
  #standing: ReadonlySet<string> = new Set();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** What holds now. */
  set(notices: readonly Notice[]): void {
    for (const { fields, message } of notices) {
      if (!this.#standing.has(message)) this.#logger.warn(fields, message);
    }
    this.#standing = new Set(notices.map(({ message }) => message));
  }
}
