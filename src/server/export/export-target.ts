/**
 * The directory of an export: a plain archive repository, marked as an export of treeport's, so that no other
 * directory is ever written over. Files appear atomically, under their final names.
 *
 * | name | what it is |
 * |---|---|
 * | `extensions/treeport-export` | the marker; without it the directory must be empty |
 * | `state/treeport-export-incomplete` | there from the start of an export until its files are on disk |
 * | `tmp/.treeport.held-….tmp` | files that are being written |
 */
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { writeError, writeFileAtomic } from '../../base/atomic-file.ts';
import { TreeportError } from '../../base/errors.ts';
import { listBeneath, lstatBeneath } from '../../base/list-beneath.ts';
import { StagingDirectory } from '../../base/staging-directory.ts';
import { isKeyfileFault, keyfileString, parseKeyfile } from '../../ostree/keyfile.ts';
import { archiveConfig } from '../../ostree/repo/archive-writer.ts';

const MARKER = 'extensions/treeport-export';
const MARKER_TEXT =
  'This repository is written by `treeport repo export`; its files are replaced by the next export.\n';
const INCOMPLETE = 'state/treeport-export-incomplete';
/** What libostree expects in a repository. */
const DIRECTORIES = ['objects', 'refs/heads', 'refs/mirrors', 'refs/remotes', 'state', 'tmp', 'extensions'];
const NOT_COUNTED: readonly string[] = ['lost+found'];

/** An earlier export as it is. */
export type FormerExport = Pick<ExportTarget, 'wasInterrupted' | 'has'>;

export class ExportTarget implements AsyncDisposable {
  /** Absolute. */
  readonly path: string;
  /** True if an earlier export was interrupted: its files may not have reached the disk. */
  readonly wasInterrupted: boolean;
  readonly #staging: StagingDirectory;

  private constructor(path: string, wasInterrupted: boolean, staging: StagingDirectory) {
    this.path = path;
    this.wasInterrupted = wasInterrupted;
    this.#staging = staging;
  }

  /** Creates the directory, or takes an earlier export up; ERR_EXPORT_TARGET if it is something else. */
  static async open(directory: string): Promise<ExportTarget> {
    const path = resolve(directory);
    try {
      mkdirSync(path, { recursive: true });
      if (!existsSync(join(path, MARKER))) await refuseOthers(path);
      await writeFileAtomic(join(path, MARKER), Buffer.from(MARKER_TEXT));
      for (const name of DIRECTORIES) mkdirSync(join(path, name), { recursive: true });
      return await ExportTarget.#begin(path);
    } catch (error) {
      throw writeError(error, path);
    }
  }

  /**
   * Opens an archive repository to add to, whoever made it; creates it if there is none. ERR_EXPORT_TARGET if
   * it is of another mode.
   */
  static async openArchive(directory: string): Promise<ExportTarget> {
    const path = resolve(directory);
    try {
      for (const name of DIRECTORIES) mkdirSync(join(path, name), { recursive: true });
      const config = join(path, 'config');
      if (existsSync(config)) refuseOtherModes(path, readFileSync(config, 'utf8'));
      else await writeFileAtomic(config, Buffer.from(archiveConfig(['indexed-deltas=true'])));
      return await ExportTarget.#begin(path);
    } catch (error) {
      throw writeError(error, path);
    }
  }

  static async #begin(path: string): Promise<ExportTarget> {
    const wasInterrupted = existsSync(join(path, INCOMPLETE));
    await writeFileAtomic(join(path, INCOMPLETE), Buffer.from('\n'));
    return new ExportTarget(path, wasInterrupted, await StagingDirectory.create(join(path, 'tmp')));
  }

  /** An earlier export, without beginning a new one; undefined if there is none. */
  static find(directory: string): FormerExport | undefined {
    const path = resolve(directory);
    if (!existsSync(join(path, MARKER))) return undefined;
    return { wasInterrupted: existsSync(join(path, INCOMPLETE)), has: (file) => hasBytes(path, file) };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#staging[Symbol.asyncDispose]();
  }

  /** Declares the export complete; its files must be on disk. */
  complete(): void {
    rmSync(join(this.path, INCOMPLETE), { force: true });
  }

  at(path: string): string {
    return join(this.path, path);
  }

  /** Whether there is a regular file with bytes in it. */
  has(path: string): boolean {
    return hasBytes(this.path, path);
  }

  /** Writes a file, in place of any that is there. */
  async write(path: string, content: Buffer | AsyncIterable<Uint8Array>): Promise<void> {
    const target = this.at(path);
    this.#staging.place(await this.#staging.stage(target, content), target);
  }

  /**
   * Writes a file that may have other bytes at the next export. Equal bytes are not written again, so that
   * its date, and a web server's entity tag, stay. Returns whether it was written.
   */
  async put(path: string, content: Buffer | Readable): Promise<boolean> {
    const target = this.at(path);
    const stats = lstatBeneath(this.path, path);
    const isFile = stats?.isFile() === true;
    if (Buffer.isBuffer(content)) {
      if (isFile && stats.size === content.length && readFileSync(target).equals(content)) return false;
      await this.write(path, content);
      return true;
    }
    const staged = await this.#staging.stage(target, content);
    if (isFile && (await areEqual(staged, target))) {
      this.#staging.discard(staged);
      return false;
    }
    this.#staging.place(staged, target);
    return true;
  }

  /** Removes a file if it is there; returns whether it was. */
  remove(path: string): boolean {
    if (lstatBeneath(this.path, path) === undefined) return false;
    rmSync(this.at(path), { force: true });
    return true;
  }

  /** The paths of all files below a directory, without temporary ones. */
  *files(directory: string): Generator<string> {
    for (const entry of listBeneath(this.path, directory) ?? []) {
      const path = `${directory}/${entry.name}`;
      if (entry.isDirectory()) yield* this.files(path);
      else if (!entry.name.startsWith('.')) yield path;
    }
  }

  /** The names of files at the top. */
  topFiles(): readonly string[] {
    return (listBeneath(this.path, '') ?? []).filter((entry) => entry.isFile()).map(({ name }) => name);
  }
}

function hasBytes(root: string, path: string): boolean {
  const stats = lstatBeneath(root, path);
  return stats?.isFile() === true && stats.size > 0;
}

/** An export that was killed may have left the directory of its marker behind. */
async function refuseOthers(path: string): Promise<void> {
  const [folder, marker] = MARKER.split('/') as [string, string];
  const isKilled = (name: string) =>
    name === folder && readdirSync(join(path, folder)).every((file) => file.startsWith(`.${marker}.`));
  const names = (await readdir(path)).filter((name) => !NOT_COUNTED.includes(name) && !isKilled(name));
  if (names.length === 0) return;
  throw new TreeportError(
    'ERR_EXPORT_TARGET',
    `cannot export to ${path}: it holds ${JSON.stringify(names[0])} and is no export of treeport's; name an empty or a new directory`,
  );
}

function refuseOtherModes(path: string, text: string): void {
  const config = parseKeyfile(text);
  const mode = isKeyfileFault(config) ? undefined : keyfileString(config, 'core', 'mode');
  if (mode === 'archive' || mode === 'archive-z2') return;
  throw new TreeportError(
    'ERR_EXPORT_TARGET',
    `cannot add to ${path}: it is no archive repository, but of mode ${JSON.stringify(mode ?? '')}`,
  );
}

async function areEqual(one: string, other: string): Promise<boolean> {
  if (statSync(one).size !== statSync(other).size) return false;
  const others = createReadStream(other)[Symbol.asyncIterator]();
  try {
    for await (const piece of createReadStream(one)) {
      const next = await others.next();
      if (next.done === true || !(next.value as Buffer).equals(piece as Buffer)) return false;
    }
    return true;
  } finally {
    await others.return?.();
  }
}
