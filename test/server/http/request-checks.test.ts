import assert from 'node:assert/strict';
import test from 'node:test';
import { normaliseTarget } from '../../../src/server/http/request-checks.ts';

test('absolute targets mean their path, and slashes are merged, as nginx does', () => {
  const targets = {
    '/repo/config': '/repo/config',
    '/repo/config?a=//b': '/repo/config?a=//b',
    'http://host/repo/config': '/repo/config',
    'HTTPS://host:8443/repo/config?x': '/repo/config?x',
    'http://host': '/',
    'http://host?x': '/?x',
    '/repo//config': '/repo/config',
    '//repo///refs//heads/x': '/repo/refs/heads/x',
    'http://host//repo//config?http://a//b': '/repo/config?http://a//b',
    '*': '*',
    'repo/config': 'repo/config',
    'ftp://host/repo': 'ftp:/host/repo',
  };
  for (const [target, expected] of Object.entries(targets)) assert.equal(normaliseTarget(target), expected);
});
