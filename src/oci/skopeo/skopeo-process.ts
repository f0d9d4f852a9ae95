/** A running skopeo: its exit status and the tail of its stderr. Killed when this process exits. */
import { type ChildProcess, spawn } from 'node:child_process';
import { onEarlyExit } from '../../base/cleanup.ts';
import { errnoOf, messageOf, TreeportError } from '../../base/errors.ts';

/** Length of the tail of stderr that is kept. */
const MAX_STDERR = 16 * 1024;

export class SkopeoProcess {
  /** The exit status, or the signal that ended it; ERR_SKOPEO_MISSING if it could not be started. */
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly #child: ChildProcess;
  #stderr = '';

  /** `descriptors` become 3, 4, … in skopeo. */
  constructor(args: readonly string[], descriptors: readonly number[] = []) {
    const child = spawn('skopeo', [...registriesArgs(), ...args], {
      stdio: ['ignore', 'ignore', 'pipe', ...descriptors],
    });
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-MAX_STDERR);
    });
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
    const quoted = [...this.#stderr.matchAll(/msg=("(?:[^"\\]|\\.)*")/g)].at(-1)?.[1];
    try {
      return messageOf(quoted === undefined ? this.#stderr : JSON.parse(quoted));
    } catch {
      return messageOf(this.#stderr);
    }
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
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
