/**
 * First pass of fsck: walks commits, verifies their metadata objects on the way, each once, and gathers
 * the content objects for the second pass. A bad object is recorded and what lies behind it is left out.
 */
import type { Checksum } from '../ostree/checksum.ts';
import { parseCommit } from '../ostree/commit.ts';
import { parseDirmeta } from '../ostree/dirmeta.ts';
import { parseDirtree } from '../ostree/dirtree.ts';
import { verifiedMetadata } from '../ostree/load.ts';
import type { MetadataType } from '../ostree/object-name.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import { type Fault, faultOf } from './fault.ts';

export type MetadataPass = {
  readonly faults: readonly Fault[];
  readonly metadataCount: number;
  readonly content: ReadonlySet<Checksum>;
};

export async function checkMetadata(
  source: ObjectSource,
  commits: Iterable<Checksum>,
): Promise<MetadataPass> {
  const pass = new Pass(source);
  for (const commit of commits) await pass.commit(commit);
  return { faults: pass.faults, metadataCount: pass.seen.size, content: pass.content };
}

class Pass {
  readonly source: ObjectSource;
  readonly faults: Fault[] = [];
  readonly seen = new Set<string>();
  readonly content = new Set<Checksum>();

  constructor(source: ObjectSource) {
    this.source = source;
  }

  async commit(checksum: Checksum): Promise<void> {
    const commit = await this.load('commit', checksum, parseCommit);
    if (commit === undefined) return;
    await this.load('dirmeta', commit.rootMeta, parseDirmeta);
    const pending = [commit.rootTree];
    for (let tree = pending.pop(); tree !== undefined; tree = pending.pop()) {
      const entries = await this.load('dirtree', tree, parseDirtree);
      for (const file of entries?.files ?? []) this.content.add(file.checksum);
      for (const directory of entries?.directories ?? []) {
        await this.load('dirmeta', directory.meta, parseDirmeta);
        pending.push(directory.tree);
      }
    }
  }

  /** The parsed object the first time it is asked for; undefined if it was seen before or is bad. */
  private async load<T>(
    type: MetadataType,
    checksum: Checksum,
    parse: (bytes: Buffer) => T,
  ): Promise<T | undefined> {
    const key = `${checksum}.${type}`;
    if (this.seen.has(key)) return undefined;
    this.seen.add(key);
    try {
      return parse(await verifiedMetadata(this.source, type, checksum));
    } catch (error) {
      this.faults.push(faultOf({ type, checksum }, error));
      return undefined;
    }
  }
}
