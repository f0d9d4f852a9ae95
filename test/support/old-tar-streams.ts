/**
 * Streams of the tar format's earlier generations, in which attributes are shared between objects:
 * v0 (2021 and 2022) below `xattrs/`, linked (until 2025) as `.file-xattrs` objects.
 */
import { collect } from '../../src/base/bytes.ts';
import { type Checksum, checksumOf } from '../../src/ostree/checksum.ts';
import { isSymlink } from '../../src/ostree/file-header.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import type { ObjectSource } from '../../src/ostree/object-source.ts';
import { reachableObjects } from '../../src/ostree/walk.ts';
import { type MadeEntry, tarArchive } from './tar-streams.ts';

const REPO = 'sysroot/ostree/repo';

/** A whole commit in an earlier generation, without the tree's paths, which no importer reads. */
export async function oldTarStream(
  source: ObjectSource,
  commit: Checksum,
  generation: 'v0' | 'linked',
): Promise<Buffer> {
  const entries: MadeEntry[] = [];
  const written = new Set<string>();
  if (generation === 'linked')
    entries.push({ path: `${REPO}/config`, data: '[core]\nmode=bare-split-xattrs\n' });
  for await (const { type, checksum } of reachableObjects(source, commit)) {
    if (type !== 'file') {
      entries.push({
        path: `${REPO}/${loosePath(checksum, type)}`,
        data: await source.metadata(type, checksum),
      });
      continue;
    }
    const { header, stream } = await source.content(checksum);
    const { uid, gid, mode, target, xattrs } = header;
    entries.push(...sharedXattrs(checksum, xattrs, generation, written));
    entries.push({
      path: `${REPO}/${loosePath(checksum, 'file')}`,
      type: isSymlink(header) ? 'symlink' : 'file',
      // v0 wrote the type bits too.
      mode: generation === 'v0' ? mode : mode & 0o7777,
      uid,
      gid,
      target,
      data: await collect(stream()),
    });
  }
  return tarArchive(entries);
}

function sharedXattrs(
  checksum: Checksum,
  xattrs: Uint8Array,
  generation: 'v0' | 'linked',
  written: Set<string>,
): readonly MadeEntry[] {
  if (generation === 'v0' && xattrs.length === 0) return [];
  const name = checksumOf(xattrs);
  const path = `${REPO}/${generation === 'v0' ? `xattrs/${name}` : loosePath(name, 'file-xattrs')}`;
  const extension = generation === 'v0' ? 'file.xattrs' : 'file-xattrs-link';
  const link: MadeEntry = {
    path: `${REPO}/${loosePath(checksum, extension)}`,
    type: 'hardlink',
    target: path,
  };
  if (written.has(name)) return [link];
  written.add(name);
  return [{ path, data: xattrs }, link];
}
