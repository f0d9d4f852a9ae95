/** Repositories that flatpak itself makes, and users' flatpaks that install from their mirrors. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GpgKey } from './gpg.ts';
import { must } from './run.ts';

export type FlatpakRepo = {
  readonly folder: string;
  readonly path: string;
  readonly app: string;
  readonly runtime: string;
};

export type FlatpakRepoOptions = {
  /** Signs commits and summaries. */
  readonly key?: GpgKey;
  /** The subset that the app and the runtime belong to. */
  readonly subset?: string;
};

/**
 * An app and its runtime of a few bytes each, exported by flatpak below `folder`; another app is in no
 * subset.
 */
export async function flatpakRepo(
  folder: string,
  { key, subset }: FlatpakRepoOptions = {},
): Promise<FlatpakRepo> {
  const arch = await must(['flatpak', '--default-arch']);
  const platform = `org.example.Platform/${arch}/1`;
  const [path, runtime, app] = [join(folder, 'repo'), join(folder, 'runtime'), join(folder, 'app')];
  for (const directory of [join(runtime, 'usr/bin'), join(runtime, 'files'), join(app, 'files/bin')]) {
    await mkdir(directory, { recursive: true });
  }
  await mkdir(join(app, 'export'));
  const common = `runtime=${platform}\nsdk=${platform}\n`;
  await writeFile(join(runtime, 'metadata'), `[Runtime]\nname=org.example.Platform\n${common}`);
  await writeFile(join(runtime, 'usr/bin/tool'), 'a tool\n');
  await writeFile(join(app, 'metadata'), `[Application]\nname=org.example.App\n${common}command=hello\n`);
  await writeFile(join(app, 'files/bin/hello'), '#!/bin/sh\necho hello\n', { mode: 0o755 });
  const signing = key === undefined ? [] : [`--gpg-sign=${key.id}`, `--gpg-homedir=${key.home}`];
  const export_ = ['flatpak', 'build-export', '--disable-sandbox', ...signing];
  const member = subset === undefined ? [] : [`--subset=${subset}`];
  await must([...export_, ...member, '--runtime', path, runtime, '1']);
  await must([...export_, ...member, path, app, 'stable']);
  if (subset !== undefined) {
    const metadata = await readFile(join(app, 'metadata'), 'utf8');
    await writeFile(join(app, 'metadata'), metadata.replace('org.example.App', 'org.example.Other'));
    await must([...export_, path, app, 'stable']);
  }
  await must(['flatpak', 'build-update-repo', ...signing, path]);
  return { folder, path, app: `org.example.App/${arch}/stable`, runtime: platform };
}

/** A user's flatpak with everything of it below `folder`. */
export async function flatpakOf(folder: string) {
  const env = await flatpakEnvironment(folder);
  return (...words: readonly string[]) => must(['flatpak', '--user', ...words], { env });
}

/** The environment of such a user. */
export async function flatpakEnvironment(folder: string): Promise<Readonly<Record<string, string>>> {
  const env = {
    HOME: join(folder, 'home'),
    FLATPAK_USER_DIR: join(folder, 'flatpak'),
    XDG_DATA_HOME: join(folder, 'data'),
    XDG_CACHE_HOME: join(folder, 'cache'),
    XDG_RUNTIME_DIR: join(folder, 'run'),
  };
  for (const directory of Object.values(env)) await mkdir(directory, { recursive: true });
  return env;
}

export async function revision(repo: string, ref: string): Promise<string> {
  return (await must(['ostree', `--repo=${repo}`, 'rev-parse', ref])).slice(0, 12);
}

/** flatpak leaves the kind out of some of its lists. */
export function withKind(line: string): string {
  if (/^(app|runtime)\//.test(line)) return line.trim();
  return `${line.startsWith('org.example.App') ? 'app' : 'runtime'}/${line.trim()}`;
}
