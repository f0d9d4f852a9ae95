/** A running skopeo: its exit status and the tail of its stderr. Killed when this process exits. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryName } from '../../base/atomic-file.ts';
import { onEarlyExit } from '../../base/cleanup.ts';
import { errnoOf, messageOf, TreeportError } from '../../base/errors.ts';
import { temporaryBase } from '../../base/temporary-directory.ts';

/** Length of the tail of stderr that is kept. */
const MAX_STDERR = 16 * 1024;

export type SkopeoProcessOptions = {
  /** These become 3, 4, … in skopeo. */
  readonly descriptors?: readonly number[];
  /** Its standard input, which it may read more than once. */
  readonly input?: string | undefined;
  /** Open file for its standard output, which is discarded otherwise. */
  readonly output?: number | undefined;
  /** Has skopeo log what it does, and receives each message. */
  readonly onDebug?: ((message: string) => void) | undefined;
};

/** A line of skopeo's log of what it does. */
const DEBUG_LINE = /^time="[^"]*" level=debug msg=(.*)$/;

export class SkopeoProcess {
  /** The exit status, or the signal that ended it; ERR_SKOPEO_MISSING if it could not be started. */
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly #child: ChildProcess;
  readonly #onDebug: SkopeoProcessOptions['onDebug'];
  #stderr = '';
  /** The start of a line, which may be one of the log. */
  #line = '';

  constructor(
    args: readonly string[],
    { descriptors = [], input, output, onDebug }: SkopeoProcessOptions = {},
  ) {
    this.#onDebug = onDebug;
    const stdin = input === undefined ? undefined : unnamedFile(input);
    const debug = onDebug === undefined ? [] : ['--debug'];
    const child = spawn('skopeo', [...registriesArgs(), ...debug, ...args], {
      stdio: [stdin ?? 'ignore', output ?? 'ignore', 'pipe', ...descriptors],
    });
    if (stdin !== undefined) closeSync(stdin);
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    const { promise, resolve, reject } = Promise.withResolvers<number | NodeJS.Signals>();
    child.once('error', (error) => reject(startFault(error)));
    child.once('close', (status, signal) => resolve(signal ?? status ?? 'SIGKILL'));
    const unregister = onEarlyExit(() => child.kill('SIGTERM'));
    this.ended = promise.finally(unregister);
    // Awaiting the end is optional.
    this.ended.catch(() => {});
  }

  /**
   * The message of skopeo's last log line (`time="…" level=fatal msg="…"`), else all of stderr, on one line.
   */
  get lastMessage(): string {
    const said = this.#stderr + this.#line;
    const quoted = [...said.matchAll(/msg=("(?:[^"\\]|\\.)*")/g)].at(-1)?.[1];
    try {
      return messageOf(quoted === undefined ? said : JSON.parse(quoted));
    } catch {
      return messageOf(said);
    }
  }

  #read(text: string): void {
    const lines = (this.#line + text).split('\n');
    this.#line = (lines.pop() ?? '').slice(-MAX_STDERR);
    for (const line of lines) {
      const message = this.#onDebug && DEBUG_LINE.exec(line)?.[1];
      if (message === undefined) this.#stderr = `${this.#stderr}${line}\n`.slice(-MAX_STDERR);
      else this.#onDebug?.(message);
    }
  }

  /** Undefined if it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Opens a file with this text that has no name, so that no other process finds it. */
function unnamedFile(text: string): number {
  const path = temporaryName(join(temporaryBase(), 'treeport'));
  const descriptor = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  writeSync(descriptor, text);
  return descriptor;
}

/** podman and buildah honour the variable, skopeo does not. */
function registriesArgs(): readonly string[] {
  const file = process.env.CONTAINERS_REGISTRIES_CONF;
  return file ? ['--registries-conf', file] : [];
}

function startFault(error: Error): Error {
  if (errnoOf(error) !== 'ENOENT') return error;
  return new TreeportError(
    'ERR_SKOPEO_MISSING',
    'skopeo is not installed or not on PATH; install the package skopeo, or use an oci: or oci-archive: image',
    { cause: error },
  );
}
