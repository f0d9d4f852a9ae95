import assert from 'node:assert/strict';
import test from 'node:test';
import {
  formatLayerComment,
  type LayerComment,
  parseLayerComment,
} from '../../src/container/layer-comment.ts';

const KEY = 'ab'.repeat(32);

test('a comment is read as it was written', () => {
  const comments: LayerComment[] = [
    { key: KEY, components: undefined },
    { key: KEY, components: [] },
    {
      key: KEY,
      components: [{ name: 'bash:amd64', kind: 'package', content: '0123456789abcdef' }, { name: 'by name' }],
    },
  ];
  for (const comment of comments) assert.deepEqual(parseLayerComment(formatLayerComment(comment)), comment);
});

test('the form of a comment', () => {
  assert.equal(
    formatLayerComment({ key: KEY, components: [{ name: 'b', kind: 'user', content: 'c' }] }),
    `{"treeport.layer":{"components":[{"content":"c","kind":"user","name":"b"}],"key":"${KEY}"}}`,
  );
});

test('anything else is no comment of ours', () => {
  const ours = (components: unknown, key: unknown = KEY) =>
    JSON.stringify({ 'treeport.layer': { components, key } });
  const others: unknown[] = [undefined, null, 7, '', 'text', '{"treeport.layer":', '{"treeport.layer":null}'];
  const wrong = [[7], [null], [{}], [{ name: 'a', kind: 'hat' }], [{ name: 'a', content: 7 }], 'a', null];
  for (const comment of [...others, ...wrong.map((each) => ours(each)), ours([], 'key'), ours([], null)])
    assert.equal(parseLayerComment(comment), undefined, String(comment));
});
