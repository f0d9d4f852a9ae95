/**
 * Repositories for tests of the server, made without any system tool: an archive repository with a commit,
 * and a bare-user-only one, whose objects have to be encoded.
 */
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Checksum, finishChecksum } from '../../src/ostree/checksum.ts';
import { type FileHeader, hashedHeader, S_IFREG, SYMLINK_MODE } from '../../src/ostree/file-header.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { openRepository, type Repository } from '../../src/ostree/repo/open.ts';
import { NO_XATTRS } from '../../src/ostree/xattrs.ts';
import { type OstreeFixture, writeOstreeFixture } from '../support/ostree-fixture.ts';

export function tempFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'treeport-server-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export type ArchiveFixture = OstreeFixture & { readonly repo: Repository };

/** An archive repository with one commit and the ref on it. */
export async function archiveFixture(t: TestContext): Promise<ArchiveFixture> {
  const fixture = await writeOstreeFixture(join(tempFolder(t), 'repo'));
  return { ...fixture, repo: await openRepository(fixture.path) };
}

/** A bare-user-only repository that loose content objects are put into. */
export class BareFixture {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
    mkdirSync(join(path, 'objects'), { recursive: true });
    mkdirSync(join(path, 'refs/heads'), { recursive: true });
    writeFileSync(join(path, 'config'), '[core]\nrepo_version=1\nmode=bare-user-only\n');
  }

  /** Writes a regular file of mode 0644; returns its id. */
  file(content: string | Buffer): Checksum {
    const bytes = Buffer.from(content);
    const checksum = contentId(header(S_IFREG | 0o644, ''), bytes);
    const path = this.objectPath(checksum);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    chmodSync(path, 0o644);
    return checksum;
  }

  symlink(target: string): Checksum {
    const checksum = contentId(header(SYMLINK_MODE, target), Buffer.alloc(0));
    const path = this.objectPath(checksum);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path);
    return checksum;
  }

  objectPath(checksum: Checksum): string {
    return join(this.path, loosePath(checksum, 'file'));
  }

  open(): Promise<Repository> {
    return openRepository(this.path);
  }
}

export function bareFixture(t: TestContext): BareFixture {
  return new BareFixture(join(tempFolder(t), 'bare'));
}

/** The id of the content object that an archive file holds, read independently of the product's reader. */
export function archiveUrl(checksum: Checksum): string {
  return `/repo/${loosePath(checksum, 'filez')}`;
}

function header(mode: number, target: string): FileHeader {
  return { uid: 0, gid: 0, mode, target, xattrs: NO_XATTRS };
}

function contentId(of: FileHeader, bytes: Buffer): Checksum {
  return finishChecksum(createHash('sha256').update(hashedHeader(of)).update(bytes));
}
