/**
 * Fetches the pinned packages that runtimes are made of, and checks their hashes: Node and koffi from npm, as
 * package-lock.json pins them, for any architecture; libraries from Debian, as packages/debian.json does.
 * Each is kept in the user's cache under its hash.
 *
 * Needs npm, and apt and dpkg of Debian, whose settings say where its packages are.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RuntimeSource } from '../src/mirror/runtime/runtime-package.ts';
import { debianMirrors } from './apt-settings.ts';

const ROOT = join(import.meta.dirname, '..');
const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'treeport/sources');
const APT_HELPER = '/usr/lib/apt/apt-helper';

export type Source = RuntimeSource & {
  /** Writes the package's file. */
  fetch(target: string): void;
};

type Locked = { readonly version: string; readonly integrity: string };
type DebianPackage = {
  readonly name: string;
  readonly version: string;
  /** Below a mirror. */
  readonly path: string;
  readonly sha256: string;
};

const LOCK: Readonly<Record<string, Locked>> = JSON.parse(
  readFileSync(join(ROOT, 'package-lock.json'), 'utf8'),
).packages;
const DEBIAN: Readonly<Record<string, readonly DebianPackage[]>> = JSON.parse(
  readFileSync(join(ROOT, 'packages/debian.json'), 'utf8'),
);

/** A package of npm, as package-lock.json pins it. */
export function npmSource(name: string): Source {
  const locked = LOCK[`node_modules/${name}`];
  if (locked === undefined) throw new Error(`package-lock.json has no ${name}`);
  const { version, integrity: hash } = locked;
  return { from: 'npm', name, version, hash, fetch: (target) => fetchFromNpm(`${name}@${version}`, target) };
}

/** The packages of Debian for an architecture (Go's and Debian's name). */
export function debianSources(architecture: string): readonly Source[] {
  return (DEBIAN[architecture] ?? []).map(({ name, version, path, sha256 }) => ({
    from: 'debian',
    name: `${name}:${architecture}`,
    version,
    hash: `sha256:${sha256}`,
    fetch: (target) => fetchFromDebian(path, sha256, target),
  }));
}

/** Unpacks a source into `directory`, which it makes. */
export function unpackSource(source: Source, directory: string): void {
  const file = fetched(source);
  mkdirSync(directory, { recursive: true });
  if (source.from === 'debian') execFileSync('dpkg-deb', ['--extract', file, directory]);
  else execFileSync('tar', ['-xzf', file, '-C', directory, '--strip-components=1', '--no-same-owner']);
}

/** The file in the cache; fetched if it is not there, or is damaged. */
function fetched(source: Source): string {
  const file = join(CACHE, source.hash.replaceAll(/[^\w-]/g, '_'));
  if (existsSync(file) && hashOf(file, source.hash) === source.hash) return file;
  mkdirSync(CACHE, { recursive: true });
  const partial = `${file}.${process.pid}`;
  try {
    source.fetch(partial);
    const hash = hashOf(partial, source.hash);
    if (hash !== source.hash)
      throw new Error(`${source.name} ${source.version} has hash ${hash}, not ${source.hash}`);
    renameSync(partial, file);
  } finally {
    rmSync(partial, { force: true });
  }
  return file;
}

/** In the form of `like`. */
function hashOf(file: string, like: string): string {
  const bytes = readFileSync(file);
  return like.startsWith('sha256:')
    ? `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    : `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
}

function fetchFromNpm(wanted: string, target: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'treeport-npm-'));
  try {
    npm(['pack', '--silent', '--prefer-offline', '--pack-destination', folder, wanted]);
    execFileSync('mv', [join(folder, globSync('*.tgz', { cwd: folder })[0] as string), target]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs npm as it was started, because the machine's npm may need the machine's Node. */
export function npm(words: readonly string[], cwd = ROOT): string {
  const { npm_node_execpath: node, npm_execpath: program } = process.env;
  const command: readonly string[] = node && program ? [node, program] : ['npm'];
  const [file = '', ...first] = command;
  return execFileSync(file, [...first, ...words], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function fetchFromDebian(path: string, sha256: string, target: string): void {
  if (!existsSync(APT_HELPER)) throw new Error(`${path} is fetched with apt, which this machine lacks`);
  const failures: string[] = [];
  for (const mirror of debianMirrors()) {
    const uri = `${mirror.replace(/\/$/, '')}/${path.replaceAll('+', '%2b')}`;
    const words = ['-o', 'APT::Sandbox::User=root', 'download-file', uri, target, `SHA256:${sha256}`];
    try {
      execFileSync(APT_HELPER, words, { stdio: 'pipe' });
      return;
    } catch (error) {
      failures.push(String((error as { readonly stderr?: Buffer }).stderr).trim());
    }
  }
  const why = failures.join('; ') || 'apt has no repository of Debian';
  throw new Error(`cannot fetch ${path}, which packages/debian.json pins: ${why}`);
}
