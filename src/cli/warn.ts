/** Warnings of the verbs: one line each on stderr. */
import { printMessage } from './report.ts';

export function warn(message: string): void {
  printMessage(`warning: ${message}`);
}
