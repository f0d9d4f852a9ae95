/** One repository of each mode with the same hostile tree in it; made once for a test file. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { libcXattrs } from '../../../src/native/libc/xattrs.ts';
import type { Checksum } from '../../../src/ostree/checksum.ts';
import { openRepository, type Repository } from '../../../src/ostree/repo/open.ts';
import { makeHostileTree } from '../../support/hostile-tree.ts';
import { commitDirectory, copyRepo, initRepo, makeSplitRepo } from '../../support/ostree-repos.ts';
import { unlessInstalled } from '../../support/programs.ts';

export const skip: string | false = unlessInstalled('ostree', 'setfattr', 'setcap');

/** A mode, or a generation of bare-split-xattrs. */
export type Kind = 'archive' | 'bare' | 'bare-user' | 'bare-user-only' | 'inline' | 'linked' | 'v0';

/** Owners cannot be given away without root, so bare modes hold other objects then. */
export const kinds: readonly Kind[] =
  process.getuid?.() === 0
    ? ['archive', 'bare', 'bare-user', 'bare-user-only', 'inline', 'linked', 'v0']
    : ['archive', 'bare-user', 'bare-user-only'];

export type Made = { readonly path: string; readonly commit: Checksum };

export class ModeRepos {
  readonly folder: string;
  private readonly made = new Map<Kind, Promise<Made>>();

  constructor() {
    // Not /tmp: it may be in memory, and may lack user attributes.
    this.folder = mkdtempSync(join(process.env.TMPDIR ?? '/var/tmp', 'treeport-repos-'));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  get(kind: Kind): Promise<Made> {
    const made = this.made.get(kind) ?? this.make(kind);
    this.made.set(kind, made);
    return made;
  }

  async open(kind: Kind): Promise<Repository & { readonly commit: Checksum }> {
    const { path, commit } = await this.get(kind);
    return { ...(await openRepository(path, { xattrs: libcXattrs })), commit };
  }

  private async make(kind: Kind): Promise<Made> {
    const path = join(this.folder, kind);
    switch (kind) {
      case 'bare-user':
      case 'bare-user-only': {
        await initRepo(path, kind);
        const words = kind === 'bare-user' ? [] : ['--canonical-permissions'];
        return {
          path,
          commit: await commitDirectory(path, await this.tree(kind === 'bare-user-only'), { words }),
        };
      }
      case 'bare':
        await initRepo(path, 'bare');
        return { path, commit: await commitDirectory(path, await this.tree(false)) };
      case 'archive': {
        const from = await this.get('bare-user');
        return { path: await copyRepo(from.path, path, 'archive'), commit: from.commit };
      }
      default: {
        const bare = await this.get('bare');
        return { path: makeSplitRepo(bare.path, path, kind), commit: bare.commit };
      }
    }
  }

  private async tree(plain: boolean): Promise<string> {
    const tree = mkdtempSync(join(this.folder, 'tree-'));
    const root = join(tree, 'root');
    mkdirSync(root);
    await makeHostileTree(root, { plain });
    return root;
  }
}
