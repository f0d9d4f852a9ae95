/**
 * Imports a stream that begins with a commit, a whole commit or the ostree layer of an image, into a sink:
 * the commit with its detached metadata is checked before anything is written. Stricter than ostree-ext:
 * stray objects are rejected and missing ones named while nothing is visible yet. Errors about an object that
 * came say at which byte its entry begins.
 */
import type { Checksum } from '../ostree/checksum.ts';
import { formatObjectName } from '../ostree/object-name.ts';
import type { NameSet } from '../ostree/object-names.ts';
import type { ObjectSink } from '../ostree/object-sink.ts';
import { verifyMetadata } from '../ostree/verify.ts';
import { checkContentComplete, checkNoStray, neededObjects, type ReadableSink } from './needed-objects.ts';
import { inCommitOrder } from './object-order.ts';
import { ObjectPositions } from './object-positions.ts';
import { readObjects, type TarMetadata, type TarObject } from './read-objects.ts';

export type CommitHead = {
  readonly commit: Checksum;
  /** The commit object. */
  readonly bytes: Buffer;
  /** A serialized `a{sv}`; undefined if the stream has none. */
  readonly detached: Buffer | undefined;
};

export type ImportCommitOptions = {
  /** Called before anything is written; its error aborts the import. */
  readonly verify?: (head: CommitHead) => Promise<void>;
  /** Also imports objects that do not belong to the commit, instead of rejecting them. */
  readonly allowExtra?: boolean;
  /** Names the stream in messages. */
  readonly where: string;
};

export type ArrivedCommits = {
  /** In the order of the stream. A whole commit and an ostree layer have one. */
  readonly commits: readonly Checksum[];
  /** Names of the objects that came. */
  readonly arrived: Set<string>;
  /** Names of the objects that the commits need. */
  readonly needed: NameSet;
};

/** Imports a whole commit. Afterwards everything it needs is in the sink or the repository behind it. */
export async function importCommit(
  tar: AsyncIterable<Uint8Array>,
  sink: ReadableSink,
  options: ImportCommitOptions,
): Promise<ArrivedCommits> {
  const imported = await importOstreeLayer(tar, sink, options);
  await checkContentComplete(sink, imported.needed, imported.arrived);
  return imported;
}

/**
 * Imports the commit and its metadata, and content as far as it is in the stream. ERR_TAR, ERR_TAR_OBJECT,
 * ERR_OBJECT_CORRUPT, ERR_OBJECT_MISSING for missing metadata, ERR_OBJECT_STRAY, and the faults of the sink.
 */
export async function importOstreeLayer(
  tar: AsyncIterable<Uint8Array>,
  sink: ReadableSink,
  options: ImportCommitOptions,
): Promise<ArrivedCommits> {
  const intake = new CommitIntake(sink, options);
  try {
    for await (const object of inCommitOrder(readObjects(tar, { verify: false }))) await intake.take(object);
    await sink.settle();
    const { commits, arrived } = intake;
    const needed = await neededObjects(sink, commits, arrived);
    if (!options.allowExtra) checkNoStray(needed, arrived, options.where);
    return { commits, arrived, needed };
  } catch (error) {
    throw intake.positions.placed(error);
  }
}

/** Delays a commit until it is known whether detached metadata follows. */
class CommitIntake {
  readonly arrived = new Set<string>();
  readonly positions = new ObjectPositions();
  readonly commits: Checksum[] = [];
  readonly #sink: ObjectSink;
  readonly #options: ImportCommitOptions;
  #held: TarMetadata | undefined;

  constructor(sink: ObjectSink, options: ImportCommitOptions) {
    this.#sink = sink;
    this.#options = options;
  }

  async take(object: TarObject): Promise<void> {
    const type = object.kind === 'metadata' ? object.type : 'file';
    this.positions.note(object.checksum, object.header);
    if (object.kind === 'metadata' && object.type === 'commit') {
      this.#held = object;
      return;
    }
    const commit = this.#held;
    if (commit !== undefined) {
      this.#held = undefined;
      await this.#begin(
        commit,
        object.kind === 'metadata' && type === 'commitmeta' ? object.bytes : undefined,
      );
    }
    if (type === 'commitmeta') return;
    this.arrived.add(formatObjectName({ type, checksum: object.checksum }));
    await giveToSink(this.#sink, object);
  }

  async #begin({ checksum, bytes }: TarMetadata, detached: Buffer | undefined): Promise<void> {
    verifyMetadata('commit', checksum, bytes);
    await this.#options.verify?.({ commit: checksum, bytes, detached });
    this.commits.push(checksum);
    this.arrived.add(formatObjectName({ type: 'commit', checksum }));
    await this.#sink.metadata('commit', checksum, bytes);
    if (detached !== undefined) await this.#sink.detachedMetadata(checksum, detached);
  }
}

async function giveToSink(sink: ObjectSink, object: TarObject): Promise<void> {
  if (object.kind === 'content') await sink.content(object.checksum, object.object);
  else if (object.type !== 'commitmeta') await sink.metadata(object.type, object.checksum, object.bytes);
}
