/**
 * First pass of fsck: walks commits, verifies each of their metadata objects once, and collects the content
 * objects for the second pass. A bad object is recorded, and the objects that only it refers to are skipped.
 */
import type { Checksum } from '../ostree/checksum.ts';
import { parseCommit } from '../ostree/commit.ts';
import { parseDirmeta } from '../ostree/dirmeta.ts';
import { verifiedMetadata } from '../ostree/load.ts';
import { formatObjectName, type HashedMetadataType } from '../ostree/object-name.ts';
import { ObjectNames } from '../ostree/object-names.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import { TreeLevels, tooDeepFault } from '../ostree/tree-levels.ts';
import { distinctDirectories, type TreeRoot, treesOf } from '../ostree/tree-roots.ts';
import { meetFirst } from '../ostree/walk.ts';
import { faultOf } from './fault.ts';
import type { FaultList } from './fault-list.ts';
import { type OpenedTree, OpenLevels, openedTree } from './open-levels.ts';

export type MetadataPass = {
  readonly metadataCount: number;
  readonly content: ObjectNames;
};

export async function runMetadataPass(
  source: ObjectSource,
  commits: Iterable<Checksum>,
  faults: FaultList,
): Promise<MetadataPass> {
  const pass = new Pass(source, faults);
  for (const commit of commits) await pass.commit(commit);
  return { metadataCount: pass.seen.size, content: pass.content };
}

class Pass {
  readonly source: ObjectSource;
  readonly faults: FaultList;
  readonly seen = new ObjectNames();
  readonly content = new ObjectNames();
  private readonly levels = new TreeLevels();

  constructor(source: ObjectSource, faults: FaultList) {
    this.source = source;
    this.faults = faults;
  }

  async commit(checksum: Checksum): Promise<void> {
    const commit = await this.load('commit', checksum, parseCommit);
    if (commit === undefined) return;
    const levels = new OpenLevels((tree) => this.reopen(tree));
    let next: TreeRoot | undefined = { tree: commit.rootTree, meta: commit.rootMeta };
    for (; next !== undefined; next = await levels.next()) {
      const { tree, meta } = next;
      await this.load('dirmeta', meta, parseDirmeta);
      const opened = await this.load('dirtree', tree, openedTree);
      if (opened === undefined) continue;
      const { entries } = opened;
      for (const file of entries.files())
        this.content.add(formatObjectName({ type: 'file', checksum: file.checksum }));
      this.levels.add(tree, treesOf(distinctDirectories(entries)));
      levels.push(tree, '', opened);
    }
    this.checkLevels(commit.rootTree);
  }

  /** A dirtree that was sound before. */
  private async reopen(tree: Checksum): Promise<OpenedTree | undefined> {
    try {
      return openedTree(await verifiedMetadata(this.source, 'dirtree', tree));
    } catch (error) {
      this.faults.add(faultOf({ type: 'dirtree', checksum: tree }, error));
      return undefined;
    }
  }

  private checkLevels(root: Checksum): void {
    const deep = this.levels.tooDeep(root);
    if (deep !== undefined) this.faults.add(faultOf({ type: 'dirtree', checksum: deep }, tooDeepFault(deep)));
  }

  /** The parsed object; undefined if it was seen before or is bad. */
  private async load<T>(
    type: HashedMetadataType,
    checksum: Checksum,
    parse: (bytes: Buffer) => T,
  ): Promise<T | undefined> {
    if (!meetFirst(this.seen, { type, checksum })) return undefined;
    try {
      return parse(await verifiedMetadata(this.source, type, checksum));
    } catch (error) {
      this.faults.add(faultOf({ type, checksum }, error));
      return undefined;
    }
  }
}
