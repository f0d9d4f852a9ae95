import assert from 'node:assert/strict';
import test from 'node:test';
import { registryHost, registryNameFault } from '../../../src/oci/model/registry-name.ts';

const DIGEST = `sha256:${'0'.repeat(64)}`;

test('well-formed names, and the host of each', () => {
  for (const [name, host] of [
    ['os', 'docker.io'],
    ['library/os:latest', 'docker.io'],
    ['localhost/os', 'localhost'],
    ['localhost:5000/a/b-c/d__e.f:v1.2', 'localhost:5000'],
    [`registry.example.com/os@${DIGEST}`, 'registry.example.com'],
    [`registry.example.com/os:1@${DIGEST}`, 'registry.example.com'],
    ['[::1]:5000/os:1', '[::1]:5000'],
    ['REGISTRY.example.com/os', 'REGISTRY.example.com'],
  ] as const) {
    assert.equal(registryNameFault(name), undefined, name);
    assert.equal(registryHost(name), host, name);
  }
});

test('the fault of a name is said', () => {
  for (const [name, fault] of [
    ['registry.example.com/OS:1', /lower case: "os"$/],
    ['registry.example.com/O\nS', /lower case: "o\\ns"$/],
    ['registry.example.com', undefined],
    ['registry.example.com/', /names no repository/],
    ['registry.example.com/os:', /"" is not a tag/],
    ['registry.example.com/os:a b', /"a b" is not a tag/],
    [`registry.example.com/os:${'t'.repeat(129)}`, /is not a tag/],
    ['registry.example.com/os@sha256:12', /"sha256:12" is not a digest/],
    ['registry.example.com/os//x', /"" cannot be part/],
    ['registry.example.com/-os', /"-os" cannot be part/],
    ['registry.example.com:port/os', /"registry.example.com:port" is not a host/],
    ['/os', /"" cannot be part/],
    [`registry.example.com/${'a'.repeat(256)}`, /more than 255/],
  ] as const) {
    if (fault === undefined) assert.equal(registryNameFault(name), undefined, name);
    else assert.match(registryNameFault(name) ?? '', fault, name);
  }
});
