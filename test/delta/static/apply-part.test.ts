import assert from 'node:assert/strict';
import test from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import { TreeportError } from '../../../src/base/errors.ts';
import { applyPart } from '../../../src/delta/static/apply-part.ts';
import { type DeltaOperation, OperationWriter } from '../../../src/delta/static/operations.ts';
import type { FileMode } from '../../../src/delta/static/part-payload.ts';
import type { BaseSource } from '../../../src/delta/static/part-sources.ts';
import { type Checksum, checksumOf, checksumToBytes } from '../../../src/ostree/checksum.ts';
import { type FileHeader, hashedHeader } from '../../../src/ostree/file-header.ts';
import type { ObjectName } from '../../../src/ostree/object-name.ts';
import { NO_XATTRS } from '../../../src/ostree/xattrs.ts';
import { coded } from '../../support/expect.ts';

const FILE_MODE: FileMode = { uid: 0, gid: 0, mode: 0o100644 };
const LINK_MODE: FileMode = { uid: 0, gid: 0, mode: 0o120777 };
const SOURCE = Buffer.from('the old file');

function idOf(mode: FileMode, content: Buffer): Checksum {
  const isLink = mode === LINK_MODE;
  const header: FileHeader = { ...mode, target: isLink ? content.toString() : '', xattrs: NO_XATTRS };
  return checksumOf(Buffer.concat([hashedHeader(header), isLink ? Buffer.alloc(0) : content]));
}

const SOURCE_ID = idOf(FILE_MODE, SOURCE);

const BASE: BaseSource = {
  content: async (checksum) => {
    if (checksum !== SOURCE_ID) throw new TreeportError('ERR_OBJECT_MISSING', `no ${checksum}`);
    const pieces = async function* (from = 0, to = SOURCE.length) {
      yield SOURCE.subarray(from, to);
    };
    return {
      header: { ...FILE_MODE, target: '', xattrs: NO_XATTRS },
      size: SOURCE.length,
      stream: () => pieces(),
      bytes: pieces,
    };
  },
};

function file(content: string, mode = FILE_MODE): ObjectName {
  return { type: 'file', checksum: idOf(mode, Buffer.from(content)) };
}

/** The blob: the id of the source, then `text`. */
async function apply(
  objects: readonly ObjectName[],
  text: string,
  operations: readonly DeltaOperation[],
): Promise<readonly string[]> {
  const writer = new OperationWriter();
  for (const operation of operations) writer.add(operation);
  const payload = {
    modes: [FILE_MODE, LINK_MODE],
    xattrs: [NO_XATTRS],
    blob: Buffer.concat([checksumToBytes(SOURCE_ID), Buffer.from(text)]),
    operations: writer.bytes(),
  };
  const made: string[] = [];
  for await (const object of applyPart({ what: 'part 7', objects, payload }, BASE)) {
    if (object.type !== 'file') made.push(object.bytes.toString());
    else made.push(object.content.header.target || (await collect(object.content.stream())).toString());
  }
  return made;
}

const open = (size: number, mode = 0): DeltaOperation => ({ kind: 'open', mode, xattrs: 0, size });
const write = (length: number, offset: number): DeltaOperation => ({ kind: 'write', length, offset });
const READ: DeltaOperation = { kind: 'set-source', offset: 0 };
const UNREAD: DeltaOperation = { kind: 'unset-source' };
const CLOSE: DeltaOperation = { kind: 'close' };

test('objects are made from ranges of the blob and of sources', async () => {
  const dirmeta = { type: 'dirmeta', checksum: checksumOf(Buffer.from('meta')) } as const;
  const objects = [dirmeta, file('to/there', LINK_MODE), file('old new old'), file('')];
  assert.deepEqual(
    await apply(objects, 'metato/there new ', [
      { kind: 'splice-metadata', length: 4, offset: 32 },
      { kind: 'splice-file', mode: 1, xattrs: 0, length: 8, offset: 36 },
      READ,
      open(11),
      write(3, 4),
      UNREAD,
      write(5, 44),
      READ,
      write(3, 4),
      CLOSE,
      open(0),
      CLOSE,
    ]),
    ['meta', 'to/there', 'old new old', ''],
  );
});

test('the source is dropped when a file is closed', async () => {
  const objects = [file('old'), file('new')];
  const operations = [open(3), READ, write(3, 4), CLOSE, open(3), write(3, 32), CLOSE];
  assert.deepEqual(await apply(objects, 'new', operations), ['old', 'new']);
});

const FAULTS: readonly (readonly [string, readonly DeltaOperation[], string])[] = [
  ['no operation at all', [], 'make 0 of the 1 objects'],
  ['a file that stays open', [open(3)], 'not closed'],
  ['a file in another', [open(3), open(3)], 'not closed'],
  [
    'an object inside an open file',
    [open(3), { kind: 'splice-file', mode: 0, xattrs: 0, length: 3, offset: 32 }],
    'not closed',
  ],
  ['nothing to close', [CLOSE], 'none is open'],
  ['nothing to write to', [write(3, 32)], 'none is open'],
  ['too few bytes', [open(3), write(2, 32), CLOSE], 'after 2 of 3 bytes'],
  ['too many bytes', [open(3), write(4, 32)], 'more than 3 bytes'],
  ['a range behind the blob', [open(3), write(3, 34)], '3 bytes at 34 of the blob'],
  ['a range behind the source', [open(3), READ, write(3, 10)], '3 bytes at 10 of its read source'],
  ['an id behind the blob', [{ kind: 'set-source', offset: 5 }], '32 bytes at 5 of the blob'],
  ['a patch without a source', [open(3), { kind: 'bspatch', offset: 32, length: 4 }], 'no read source'],
  ['a patch after bytes', [open(3), write(1, 32), READ, { kind: 'bspatch', offset: 32, length: 4 }], 'both'],
  [
    'a patch that cannot make the size',
    [open(2 ** 50), READ, { kind: 'bspatch', offset: 32, length: 4 }],
    'is to make',
  ],
  ['a mode that is not there', [open(3, 2)], 'not in the tables'],
  ['a symlink that is opened', [open(3, 1)], 'mode 0120777'],
  ['other content', [open(3), write(3, 33), CLOSE], 'it makes'],
];

for (const [name, operations, words] of FAULTS) {
  test(`refused: ${name}`, async () => {
    await assert.rejects(
      apply([file('new')], 'newX', operations),
      coded('ERR_DELTA_CORRUPT', 'part 7: ', words),
    );
  });
}

test('a source that the repository lacks is named', async () => {
  const operations: readonly DeltaOperation[] = [{ kind: 'set-source', offset: 1 }];
  await assert.rejects(apply([file('new')], 'new', operations), coded('ERR_OBJECT_MISSING'));
});

test('a symlink target that is not UTF-8 is refused', async () => {
  const operations: readonly DeltaOperation[] = [
    { kind: 'splice-file', mode: 1, xattrs: 0, length: 32, offset: 0 },
  ];
  await assert.rejects(apply([file('x', LINK_MODE)], '', operations), coded('ERR_DELTA_CORRUPT', 'UTF-8'));
});
