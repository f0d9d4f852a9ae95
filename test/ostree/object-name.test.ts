import assert from 'node:assert/strict';
import test from 'node:test';
import { parseChecksum } from '../../src/ostree/checksum.ts';
import { formatObjectName, isMetadataType, loosePath, parseLooseName } from '../../src/ostree/object-name.ts';

const SUM = parseChecksum(`ab${'c'.repeat(62)}`);

test('names and paths', () => {
  assert.equal(formatObjectName({ type: 'file', checksum: SUM }), `${SUM}.file`);
  assert.equal(loosePath(SUM, 'file-xattrs-link'), `objects/ab/${'c'.repeat(62)}.file-xattrs-link`);
  assert.equal(isMetadataType('tombstone-commit'), true);
  assert.equal(isMetadataType('file'), false);
});

test('file names are parsed back', () => {
  for (const extension of ['commit', 'filez', 'file-xattrs-link', 'file.xattrs']) {
    const [, directory = '', name = ''] = loosePath(SUM, extension).split('/');
    assert.deepEqual(parseLooseName(directory, name), { checksum: SUM, extension });
  }
});

test('other file names are no objects', () => {
  const rest = 'c'.repeat(62);
  const cases: readonly (readonly [string, string])[] = [
    ['ab', rest],
    ['ab', `${rest}c.file`],
    ['ab', `${rest.slice(1)}.file`],
    ['AB', `${rest}.file`],
    ['a', `b${rest}.file`],
    ['abc', `${rest.slice(1)}.file`],
    ['ab', `${rest.toUpperCase()}.file`],
    ['..', `${rest}.file`],
  ];
  for (const [directory, name] of cases)
    assert.equal(parseLooseName(directory, name), undefined, `${directory}/${name}`);
});
