/**
 * The one error class of treeport and the closed union of its codes.
 *
 * Invariants: a message is one line, names the object that failed, and says what to do if the user can do
 * something. Codes are stable: the command line prints them, docs/errors.md documents them, and they are
 * never reused.
 */
import type { ErrorCode } from './error-codes.ts';

export type ErrorDetails = {
  readonly cause?: unknown;
};

/** Every failure of treeport; the message is one line, for people. */
export class TreeportError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details);
    this.name = 'TreeportError';
    this.code = code;
  }
}

/** True if `error` is a TreeportError, with this code if one is given. */
export function isTreeportError(error: unknown, code?: ErrorCode): error is TreeportError {
  return error instanceof TreeportError && (code === undefined || error.code === code);
}

/** The errno name (`ENOENT`, …) of a system error, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = (error as NodeJS.ErrnoException).code;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

/** The message of any thrown value, on one line. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().replaceAll(/\s*\n\s*/g, '; ');
}

/** What the operating system says, without the path, because the message names the one that users know. */
export function systemReason(error: unknown): string {
  const { syscall } = error as NodeJS.ErrnoException;
  const message = messageOf(error);
  const end = typeof syscall === 'string' ? message.indexOf(`, ${syscall}`) : -1;
  return end < 0 ? message : message.slice(0, end);
}

/** Receives one line about something that the user should know but that is not an error. */
export type Warn = (message: string) => void;
