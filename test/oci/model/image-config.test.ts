import assert from 'node:assert/strict';
import test from 'node:test';
import { digestOf } from '../../../src/oci/model/descriptor.ts';
import { imageConfig, parseImageConfig } from '../../../src/oci/model/image-config.ts';
import { coded } from '../../support/expect.ts';

const DIFF_ID = digestOf(Buffer.alloc(0));

test('a config lists diff-ids and history in the order of the layers', () => {
  const layers = ['a', 'b'].map((name) => ({
    diffId: digestOf(Buffer.from(name)),
    history: { created_by: name },
  }));
  const platform = { architecture: 'arm64', os: 'linux' };
  const config = imageConfig({ platform, created: 'then', config: { Cmd: ['x'] }, layers });
  assert.deepEqual(config, {
    architecture: 'arm64',
    os: 'linux',
    created: 'then',
    config: { Cmd: ['x'] },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
    history: [{ created_by: 'a' }, { created_by: 'b' }],
  });
});

test('a config is read with all its members', () => {
  const value = {
    architecture: 'amd64',
    os: 'linux',
    config: { Healthcheck: { Test: ['x'] }, Labels: null },
    rootfs: { type: 'layers', diff_ids: [DIFF_ID] },
    history: null,
  };
  assert.deepEqual(parseImageConfig(Buffer.from(JSON.stringify(value)), 'x'), value);
});

test('faulty configs are refused', () => {
  const good = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } };
  const parse = (change: object) => () =>
    parseImageConfig(Buffer.from(JSON.stringify({ ...good, ...change })), 'config c');
  assert.throws(parse({ architecture: 1 }), coded('ERR_JSON', 'config c: architecture'));
  assert.throws(parse({ rootfs: {} }), coded('ERR_JSON', 'diff_ids'));
  assert.throws(parse({ config: { Labels: { a: 1 } } }), coded('ERR_JSON', 'Labels.a'));
  assert.throws(parse({ history: ['x'] }), coded('ERR_JSON', 'history'));
});
