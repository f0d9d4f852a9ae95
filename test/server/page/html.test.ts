import assert from 'node:assert/strict';
import test from 'node:test';
import { Html, html } from '../../../src/server/page/html.ts';

test('values are escaped, in text and in attributes', () => {
  const evil = `<script>"&'`;
  assert.equal(
    html`<p title="${evil}">${evil}</p>`.text,
    '<p title="&lt;script&gt;&quot;&amp;&#39;">&lt;script&gt;&quot;&amp;&#39;</p>',
  );
});

test('Html goes in as it is, lists are joined, undefined is nothing', () => {
  const items = ['a', '<b>'].map((text) => html`<li>${text}</li>`);
  assert.equal(html`<ul>${items}</ul>${undefined}${7}`.text, '<ul><li>a</li><li>&lt;b&gt;</li></ul>7');
  assert.equal(html`${new Html('<br>')}`.text, '<br>');
});
