/**
 * podman with storage and settings of its own, so that nothing of this machine's containers is touched, and
 * everything that was started ends with the test.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { eventually } from './processes.ts';
import { must, type Outcome, type RunOptions, run } from './run.ts';
import { atEnd } from './scratch.ts';

export const PODMAN_PROGRAMS = ['podman', 'runc', 'skopeo'];

/** Needs no right that a cluster's strictest policy denies. */
export const CONFINED = ['--read-only', '--cap-drop=all', '--security-opt=no-new-privileges'];

export type Container = {
  readonly id: string;
  readonly origin: string;
  /** URL of the repository, for remotes. */
  readonly repo: string;
};

export class Podman {
  readonly env: Readonly<Record<string, string>>;

  private constructor(env: Readonly<Record<string, string>>) {
    this.env = env;
  }

  /** A podman without images that keeps its data below `folder`. */
  static async create(t: Pick<TestContext, 'after'>, folder: string): Promise<Podman> {
    const root = join(folder, 'podman');
    await mkdir(root);
    const [settings, storage] = [join(root, 'containers.conf'), join(root, 'storage.conf')];
    await writeFile(settings, settingsText(root));
    await writeFile(
      storage,
      `[storage]\ndriver = "overlay"\ngraphroot = "${root}/root"\nrunroot = "${root}/run"\n`,
    );
    const podman = new Podman({ CONTAINERS_CONF: settings, CONTAINERS_STORAGE_CONF: storage });
    atEnd(t, () => podman.removeAll(root));
    return podman;
  }

  run(words: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return run(['podman', ...words], { ...options, env: { ...options.env, ...this.env } });
  }

  must(words: readonly string[], options: RunOptions = {}): Promise<string> {
    return must(['podman', ...words], { ...options, env: { ...options.env, ...this.env } });
  }

  /** Takes in an image of any transport under a name. */
  async load(source: string, name: string): Promise<void> {
    await must(['skopeo', 'copy', '--quiet', source, `containers-storage:${name}`], { env: this.env });
  }

  /** Starts a mirror image and waits until it is ready to serve. */
  async startMirror(image: string, ...words: readonly string[]): Promise<Container> {
    const id = await this.must(['run', '--detach', '--publish=127.0.0.1::8080', ...words, image]);
    const address = await eventually('a published port', async () => {
      if (!(await this.isRunning(id))) throw new Error(await this.log(id));
      return /127\.0\.0\.1:\d+/.exec(await this.must(['port', id]))?.[0];
    });
    const origin = `http://${address}`;
    await eventually(`${origin} is ready`, async () => {
      if (!(await this.isRunning(id))) throw new Error(await this.log(id));
      return (await fetch(`${origin}/readyz`)).ok || undefined;
    });
    return { id, origin, repo: `${origin}/repo` };
  }

  async log(id: string): Promise<string> {
    const { stdout, stderr } = await this.run(['logs', id]);
    return stdout + stderr;
  }

  async isRunning(id: string): Promise<boolean> {
    return (await this.must(['inspect', '--format={{.State.Running}}', id])) === 'true';
  }

  /** This storage has nothing but what the test made. */
  private async removeAll(root: string): Promise<void> {
    await this.run(['pod', 'rm', '--all', '--force', '--time=0']);
    await this.run(['rm', '--all', '--force', '--time=0']);
    // Clean-up processes of containers that are gone may still be at work in the storage.
    await eventually(
      'podman is at rest',
      () => commandLines().every((line) => !line.includes(root)) || undefined,
    );
    const mounts = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '');
    for (const mount of mounts.toReversed()) {
      if (mount.startsWith(`${root}/`)) await must(['umount', mount]);
    }
  }
}

/** The least that machines without systemd and with low limits need. */
function settingsText(root: string): string {
  return [
    '[containers]',
    'default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]',
    '[engine]',
    'runtime = "runc"',
    'cgroup_manager = "cgroupfs"',
    'events_logger = "none"',
    `tmp_dir = "${root}/tmp"`,
    '',
  ].join('\n');
}

/** The command lines of all processes. */
function commandLines(): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return '';
      }
    });
}
