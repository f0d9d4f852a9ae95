import assert from 'node:assert/strict';
import test from 'node:test';
import { fetchesDeltasAlone } from '../../../src/server/http/client-version.ts';

const TABLE: readonly (readonly [string | undefined, boolean])[] = [
  ['libostree/2022.7', false],
  ['libostree/2023.6', false],
  ['libostree/2023.7', true],
  ['libostree/2023.10', true],
  ['libostree/2025.2', true],
  ['libostree/2022.7 flatpak/2024.1', false],
  ['libostree/2024.5 rpm-ostree/2024.4', true],
  ['libostree/2024', false],
  ['libostree/20245.2', false],
  ['libostree/2024.1234', false],
  ['curl/8.0 libostree/2025.2', false],
  ['', false],
  [undefined, false],
];

test('clients from 2023.7 on fetch nothing besides a delta', () => {
  for (const [agent, expected] of TABLE) {
    const headers = agent === undefined ? {} : { 'user-agent': agent };
    assert.equal(fetchesDeltasAlone(headers), expected, agent ?? 'no header');
  }
});
