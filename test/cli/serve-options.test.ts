import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import test from 'node:test';
import {
  optionName,
  parseDeflateLevel,
  SERVE_OPTION_KEYS,
  serveSettings,
  variableName,
} from '../../src/cli/serve-options.ts';
import { coded } from '../support/expect.ts';

test('a level is auto or a digit', () => {
  assert.equal(parseDeflateLevel('0'), 0);
  assert.equal(parseDeflateLevel('9'), 9);
  assert.equal(parseDeflateLevel('auto'), 'auto');
  for (const text of ['', '10', '-1', 'fast'])
    assert.throws(() => parseDeflateLevel(text), { code: 'ERR_USAGE' });
});

test('option names and environment variables follow from the keys', () => {
  assert.deepEqual(SERVE_OPTION_KEYS.map(optionName), [
    'listen',
    'base-path',
    'cache-dir',
    'cache-size',
    'deflate-level',
    'virtual-deltas',
    'workers',
    'sign-summary',
    'drain-delay',
    'log-level',
  ]);
  assert.equal(variableName('cache-dir'), 'TREEPORT_CACHE_DIR');
});

test('values become settings, and the defaults are those of the table', () => {
  assert.deepEqual(serveSettings({}), {
    listen: '8080',
    basePath: '/repo',
    cacheSize: 2 ** 30,
    deflateLevel: 'auto',
    virtualDeltas: 'auto',
    workers: 1,
    drainDelayMs: 0,
    logLevel: 'info',
  });
  const values = {
    cacheDir: '/cache',
    cacheSize: '500M',
    deflateLevel: '9',
    drainDelay: '2.5',
    logLevel: 'warn',
  };
  const { cacheDir, cacheSize, deflateLevel, drainDelayMs, logLevel } = serveSettings(values);
  assert.deepEqual(
    [cacheDir, cacheSize, deflateLevel, drainDelayMs, logLevel],
    ['/cache', 5e8, 9, 2500, 'warn'],
  );
});

test('workers are a number, or as many as there are cores', () => {
  assert.equal(serveSettings({ workers: '256' }).workers, 256);
  assert.equal(serveSettings({ workers: 'auto' }).workers, availableParallelism());
});

test('virtual deltas are of a profile, or none', () => {
  for (const profile of ['auto', 'wan', 'lan', 'none'])
    assert.equal(serveSettings({ virtualDeltas: profile }).virtualDeltas, profile);
  const bad = () => serveSettings({ virtualDeltas: 'man' });
  assert.throws(bad, { code: 'ERR_USAGE', message: '--virtual-deltas is one of auto, wan, lan, none' });
});

test('a bad value is ERR_USAGE and names its option', () => {
  assert.throws(() => serveSettings({ cacheSize: 'much' }), coded('ERR_USAGE', '--cache-size'));
  assert.throws(() => serveSettings({ drainDelay: '-1' }), coded('ERR_USAGE', '--drain-delay'));
  for (const workers of ['0', '257', '-1', '1.5', 'all', ''])
    assert.throws(() => serveSettings({ workers }), coded('ERR_USAGE', '--workers'));
  assert.throws(() => serveSettings({ logLevel: 'loud' }), coded('ERR_USAGE', '--log-level'));
});
