/**
 * A minimal Debian system in a folder, for a clone of the project with nodejs, npm and git. Commands run in
 * it with chroot, in mount and process namespaces of their own, so that nothing stays mounted or running. It
 * inherits this machine's settings for package registries (npm's configuration, certificates, proxies, apt's
 * mirror), and nothing else.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { aptOptions, debianMirror } from './apt-settings.ts';

/** The README's requirements, and git to clone the project. */
const PACKAGES = ['nodejs', 'npm', 'git'];
const FOLDER = '/root/treeport';
export const MINUTE = 60_000;
const BASE = process.env.TMPDIR || '/var/tmp';
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const REGISTRY_SETTINGS =
  /^(?:npm_config_(?:registry|cafile|proxy|https_proxy|noproxy|strict_ssl)|(?:https?|no|all)_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE)$/i;
const MAKE_TIMEOUT = 15 * MINUTE;
const NAMESPACE = ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
/** Makes the root a mount point, because container runtimes expect that. */
const ENTER = `set -e
root=$1; shift
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
exec chroot "$root" env -i "$@"`;

export type RunInRoot = {
  /** Milliseconds, after which the command and its children are killed. */
  readonly timeout: number;
  /** Receives the output. Default: inherited. */
  readonly onOutput?: (text: string) => void;
};

/** Why no such system can be entered here, or undefined. */
export function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root may make and enter one';
  try {
    execFileSync('mmdebstrap', ['--version'], { stdio: 'ignore' });
  } catch {
    return 'mmdebstrap is not installed';
  }
  try {
    const probe = 'mount -t proc proc /proc && mount --bind / /mnt';
    execFileSync('unshare', [...NAMESPACE, 'sh', '-c', probe], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `root cannot mount on this machine (${String((error as { stderr?: Buffer }).stderr).trim()})`;
  }
}

export class FreshRoot {
  readonly path: string;
  /** Where commands run, below the root. */
  readonly folder = FOLDER;
  readonly #environment: readonly string[];
  readonly #children = new Set<ChildProcess>();

  private constructor(path: string, environment: readonly string[]) {
    this.path = path;
    this.#environment = environment;
    process.on('exit', () => this[Symbol.dispose]());
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => process.exit(1));
  }

  /**
   * Creates a system of this Debian suite: with a clone of the project and what that needs, or with an empty
   * folder and nothing else. Removed when this process exits.
   */
  static make(suite: string, project?: string): FreshRoot {
    const path = mkdtempSync(join(BASE, 'treeport-fresh-'));
    const root = new FreshRoot(path, [
      ...['HOME=/root', `PATH=${PATH}`, 'LANG=C.UTF-8', 'CI=true', 'NPM_CONFIG_GLOBALCONFIG=/root/npmrc'],
      ...Object.entries(process.env).flatMap(([name, value]) =>
        REGISTRY_SETTINGS.test(name) ? [`${name}=${value}`] : [],
      ),
    ]);
    const include = project === undefined ? [] : [`--include=${PACKAGES}`];
    const words = ['--quiet', '--variant=minbase', ...include, ...aptOptions(), suite, path];
    // In a mount namespace, so that nothing stays mounted if mmdebstrap is killed.
    const inNamespace = ['--mount', '--propagation', 'private', 'mmdebstrap', ...words, ...debianMirror()];
    execFileSync('unshare', inNamespace, { stdio: ['ignore', 'inherit', 'inherit'], timeout: MAKE_TIMEOUT });
    for (const file of ['/etc/resolv.conf', '/etc/hosts']) root.#copy(file, file);
    root.#copyNpmConfig();
    if (project === undefined) mkdirSync(join(path, FOLDER));
    else execFileSync('git', ['clone', '--quiet', '--no-hardlinks', project, join(path, FOLDER)]);
    return root;
  }

  /** Runs a shell command in the folder; true if it succeeded. */
  async run(command: string, options: RunInRoot): Promise<boolean> {
    return (await this.start(command, options).ended) === 0;
  }

  /** Starts a shell command in the folder. `ended` resolves to its status, null if it was killed. */
  start(command: string, { timeout, onOutput }: RunInRoot) {
    const inside = [...this.#environment, 'sh', '-c', `cd ${FOLDER} && ${command}`];
    const child = spawn('unshare', [...NAMESPACE, 'sh', '-c', ENTER, 'sh', this.path, ...inside], {
      stdio: onOutput === undefined ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
      timeout,
      killSignal: 'SIGKILL',
    });
    this.#children.add(child);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => onOutput?.(text));
    }
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    void ended.then(() => this.#children.delete(child));
    return { ended, kill: () => child.kill('SIGKILL') };
  }

  /** Ends the processes in the system and removes it. */
  [Symbol.dispose](): void {
    for (const child of this.#children) child.kill('SIGKILL');
    // Retried: the processes are dying, and may still write.
    rmSync(this.path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }

  /** The user's and the machine's npmrc, and the certificate files that they or the environment name. */
  #copyNpmConfig(): void {
    const user = this.#copyIfThere(npmConfig('userconfig'), '/root/.npmrc');
    const machine = this.#copyIfThere(npmConfig('globalconfig'), '/root/npmrc');
    const files = [...`${user}\n${machine}`.matchAll(/^\s*cafile\s*=\s*"?([^"\n]+)/gm)].map(
      ([, file]) => file,
    );
    const { NODE_EXTRA_CA_CERTS, SSL_CERT_FILE, npm_config_cafile } = process.env;
    for (const file of new Set([...files, NODE_EXTRA_CA_CERTS, SSL_CERT_FILE, npm_config_cafile])) {
      if (file) this.#copyIfThere(file, file);
    }
  }

  #copyIfThere(from: string, to: string): string {
    if (!existsSync(from)) return '';
    this.#copy(from, to);
    return readFileSync(from, 'latin1');
  }

  #copy(from: string, to: string): void {
    const target = join(this.path, to);
    mkdirSync(dirname(target), { recursive: true });
    // Does not follow a link in the system.
    rmSync(target, { force: true });
    copyFileSync(from, target);
  }
}

/** From the environment that npm gives its scripts, else from npm itself. */
function npmConfig(name: 'userconfig' | 'globalconfig'): string {
  return process.env[`npm_config_${name}`] ?? output('npm', ['config', 'get', name]);
}

function output(program: string, words: readonly string[]): string {
  return execFileSync(program, words, { encoding: 'utf8' }).trim();
}
