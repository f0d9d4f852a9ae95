/**
 * The command line of this process, to start another one like it. `process.execPath` does not do: in a mirror
 * image it is the loader, and Node its argument.
 */
import { readFileSync } from 'node:fs';

export type WorkerCommand = {
  /** The script, as Node was given it. */
  readonly exec: string;
  /** Words between the program and the script: in an image the loader's options, Node, and Node's options. */
  readonly execArgv: string[];
  readonly args: string[];
};

export function workerCommand(): WorkerCommand {
  const [, exec = '', ...args] = process.argv;
  return { exec, execArgv: wordsBeforeScript(args.length) ?? process.execArgv, args };
}

/** Undefined without proc(5). */
function wordsBeforeScript(wordsBehind: number): string[] | undefined {
  try {
    const words = readFileSync('/proc/self/cmdline', 'utf8').split('\0').slice(0, -1);
    return words.slice(1, words.length - wordsBehind - 1);
  } catch {
    return undefined;
  }
}
