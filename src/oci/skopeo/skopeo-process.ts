/** A running skopeo: how it ended, and the last words it said. It does not outlive this process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { onEarlyExit } from '../../base/cleanup.ts';
import { errnoOf, messageOf, TreeportError } from '../../base/errors.ts';

/** Enough of what skopeo says to see why it failed. */
const MAX_WORDS = 16 * 1024;

export class SkopeoProcess {
  /** The exit status, or the signal that ended it; ERR_SKOPEO_MISSING if it could not be started. */
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly #child: ChildProcess;
  #said = '';

  /** `descriptors` become 3, 4, … in skopeo. */
  constructor(words: readonly string[], descriptors: readonly number[] = []) {
    const child = spawn('skopeo', [...registriesWords(), ...words], {
      stdio: ['ignore', 'ignore', 'pipe', ...descriptors],
    });
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-MAX_WORDS);
    });
    const { promise, resolve, reject } = Promise.withResolvers<number | NodeJS.Signals>();
    child.once('error', (error) => reject(startFault(error)));
    child.once('close', (status, signal) => resolve(signal ?? status ?? 'SIGKILL'));
    const unregister = onEarlyExit(() => child.kill('SIGTERM'));
    this.ended = promise.finally(unregister);
    // Whoever waits for the end gets it; nobody need wait.
    this.ended.catch(() => {});
  }

  /** The message of skopeo's last log line (`time="…" level=fatal msg="…"`), or all it said, on one line. */
  get lastWords(): string {
    const quoted = [...this.#said.matchAll(/msg=("(?:[^"\\]|\\.)*")/g)].at(-1)?.[1];
    try {
      return messageOf(quoted === undefined ? this.#said : JSON.parse(quoted));
    } catch {
      return messageOf(this.#said);
    }
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** podman and buildah heed the variable, skopeo does not. */
function registriesWords(): readonly string[] {
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
