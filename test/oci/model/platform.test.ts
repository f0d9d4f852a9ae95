import assert from 'node:assert/strict';
import test from 'node:test';
import { goArchitecture, hostPlatform } from '../../../src/oci/model/platform.ts';
import { coded } from '../../support/expect.ts';

test('architectures of the kernel and of Node get the names Go uses', () => {
  const names = {
    x86_64: 'amd64',
    x64: 'amd64',
    aarch64: 'arm64',
    arm64: 'arm64',
    s390x: 's390x',
    i686: '386',
    armv7hl: 'arm',
    loongarch64: 'loong64',
  };
  for (const [name, expected] of Object.entries(names)) assert.equal(goArchitecture(name), expected);
  assert.equal(hostPlatform().os, 'linux');
  assert.equal(hostPlatform().architecture, goArchitecture(process.arch));
});

test('what cannot be an architecture is refused', () => {
  for (const name of ['', 'amd64/v2', 'a b', 'pdp11', 'constructor'])
    assert.throws(() => goArchitecture(name), coded('ERR_USAGE'));
});
