/**
 * The operating system of `treeport demo`: a few files in the layout of one. Written without system tools,
 * and reproducible: the commit has always the same checksum.
 */
import { variant } from '../gvariant/index.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { commitTree, type TreeDirectory, type TreeFile, type TreeNode } from '../ostree/commit-tree.ts';
import type { MetadataDict } from '../ostree/metadata-dict.ts';
import { ArchiveWriter } from '../ostree/repo/archive-writer.ts';

export const DEMO_REF = 'demo/x86_64/stable';

/** 2026-11-20 00:00:00 UTC. */
const TIMESTAMP = 1795132800;

const METADATA: MetadataDict = new Map([
  ['ostree.ref-binding', variant('as', [DEMO_REF])],
  ['version', variant('s', '1.0')],
]);

const OS_RELEASE = `NAME="Treeport Demo"
ID=treeport-demo
VERSION_ID=1.0
PRETTY_NAME="Treeport Demo 1.0"
`;

/** Writes the repository with the one commit at `path`; returns the commit. */
export async function writeDemoRepository(path: string): Promise<Checksum> {
  const writer = await ArchiveWriter.create(path);
  const commit = await commitTree(writer, demoTree(), {
    subject: 'Treeport Demo 1.0',
    timestamp: TIMESTAMP,
    metadata: METADATA,
  });
  await writer.ref(DEMO_REF, commit);
  return commit;
}

function demoTree(): TreeDirectory {
  return directory({
    boot: directory({}),
    sysroot: directory({}),
    usr: directory({
      bin: directory({ hello: file('#!/bin/sh\necho "Hello from an ostree commit."\n', 0o755) }),
      etc: directory({ hostname: file('demo\n'), shadow: file('root:!:20000::::::\n', 0o000) }),
      lib: directory({
        modules: directory({
          '6.1.0-demo': directory({ vmlinuz: file('this would be a kernel\n'.repeat(1000)) }),
        }),
        'os-release': file(OS_RELEASE),
      }),
      share: directory({
        doc: directory({ README: file('A small operating system to try treeport with.\n') }),
      }),
    }),
    var: directory({}),
  });
}

function file(content: string, mode = 0o644): TreeFile {
  return { kind: 'file', mode, content };
}

function directory(entries: Readonly<Record<string, TreeNode>>): TreeDirectory {
  return { kind: 'directory', mode: 0o755, entries: new Map(Object.entries(entries)) };
}
