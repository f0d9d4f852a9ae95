/**
 * Output of the log. Lines are written in batches, because one write per line costs as much as sending a
 * small object. Warnings and errors are flushed at once.
 *
 * If the reader of the log stalls (a log driver with a full disk, a paused terminal), lines are dropped; when
 * it resumes, one line says how many. So the server neither blocks nor grows.
 */
import { fstatSync, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { type DestinationStream, pino } from 'pino';

export type LogOutput = DestinationStream & {
  /** Writes the buffered lines now. */
  urge(): void;
  /** Calls back when everything is written, or after a second in which the reader has stalled. */
  flush(done: () => void): void;
};

const WRITE_BYTES = 8 * 1024;
/** How long a line may be buffered. */
const DELAY_MS = 200;
const MAX_WAITING_BYTES = 1024 * 1024;
const FLUSH_MS = 1000;
/** pino's number of the level. */
const WARNING = 40;

/** Standard output. Only pipes and sockets may stall; files do not. */
export function standardOutput(): LogOutput {
  const stats = fstatSync(process.stdout.fd);
  if (stats.isFIFO() || stats.isSocket()) return new BoundedOutput(process.stdout);
  const { fd } = process.stdout;
  const output = new FileOutput(pino.destination({ dest: fd, sync: false }));
  // pino has written what it was given by then.
  process.once('exit', () => {
    const lines = output.takeBuffered();
    if (lines !== '') writeSync(fd, lines);
  });
  return output;
}

/** A file that takes text and writes it later; pino's destination is one. */
export type LogFile = {
  write(lines: string): void;
  flush(done: (error?: Error | null) => void): void;
};

/** Batches lines by itself, because pino's destination measures all that it buffers again for each line. */
export class FileOutput implements LogOutput {
  readonly #file: LogFile;
  #lines = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(file: LogFile) {
    this.#file = file;
  }

  write(lines: string): void {
    this.#lines += lines;
    if (this.#lines.length >= WRITE_BYTES) this.urge();
    else this.#timer ??= setTimeout(() => this.urge(), DELAY_MS).unref();
  }

  urge(): void {
    const lines = this.takeBuffered();
    if (lines !== '') this.#file.write(lines);
  }

  flush(done: () => void): void {
    this.urge();
    this.#file.flush(() => done());
  }

  /** Lines that the file was not given, and now never is. */
  takeBuffered(): string {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = this.#lines;
    this.#lines = '';
    return lines;
  }
}

export class BoundedOutput implements LogOutput {
  readonly #stream: Writable;
  readonly #maxBytes: number;
  readonly #flushMs: number;
  #lines: string[] = [];
  #bytes = 0;
  #dropped = 0;
  #isWriting = false;
  #timer: NodeJS.Timeout | undefined;
  #onWritten: (() => void) | undefined;

  constructor(stream: Writable, options: { readonly maxBytes?: number; readonly flushMs?: number } = {}) {
    this.#stream = stream;
    this.#maxBytes = options.maxBytes ?? MAX_WAITING_BYTES;
    this.#flushMs = options.flushMs ?? FLUSH_MS;
    // Keep serving when the reader of the log has gone.
    stream.on('error', () => {});
  }

  /** One line or several. */
  write(lines: string): void {
    if (this.#bytes + lines.length > this.#maxBytes) {
      this.#dropped += lines.split('\n').length - 1;
      return;
    }
    this.#collect(lines);
    if (this.#bytes >= WRITE_BYTES) this.urge();
    else this.#timer ??= setTimeout(() => this.urge(), DELAY_MS).unref();
  }

  #collect(lines: string): void {
    this.#lines.push(lines);
    this.#bytes += lines.length;
  }

  urge(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isWriting || this.#bytes === 0) return;
    const chunk = this.#lines.join('');
    this.#lines = [];
    this.#bytes = 0;
    this.#isWriting = true;
    this.#stream.write(chunk, () => this.#written());
  }

  flush(done: () => void): void {
    const deadline = setTimeout(() => finish(), this.#flushMs);
    const finish = () => {
      clearTimeout(deadline);
      this.#onWritten = undefined;
      done();
    };
    this.#onWritten = finish;
    this.urge();
    if (!this.#isWriting) finish();
  }

  #written(): void {
    this.#isWriting = false;
    if (this.#dropped > 0) {
      const msg = `${this.#dropped} lines of the log are missing here, because its reader stalled`;
      this.#dropped = 0;
      this.#collect(`${JSON.stringify({ level: WARNING, time: Date.now(), msg })}\n`);
      this.urge();
    } else if (this.#bytes >= WRITE_BYTES || this.#onWritten !== undefined) this.urge();
    if (!this.#isWriting) this.#onWritten?.();
  }
}
