import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { XZ_PRESETS } from '../../../src/delta/xz/presets.ts';
import { encodeLzma2 } from '../../../src/native/lzma/encode.ts';
import type { FilterChain } from '../../../src/native/lzma/filter-chain.ts';
import { unlessInstalled } from '../../support/programs.ts';

const CONTENT = readFileSync(process.execPath).subarray(0, 300_000);

function encoded(chain: FilterChain): Uint8Array {
  const output = new Uint8Array(CONTENT.length);
  return output.subarray(0, encodeLzma2(CONTENT, output, chain));
}

test('LZMA2 by each preset is what xz makes', { skip: unlessInstalled('xz') }, () => {
  for (const [preset, lzma2] of XZ_PRESETS.entries()) {
    const args = ['--format=raw', `--lzma2=preset=${preset}`, '--stdout'];
    const expected = execFileSync('xz', args, { input: CONTENT });
    assert.ok(expected.equals(encoded({ lzma2, x86: false })), `preset ${preset}`);
  }
});

test('the x86 filter and single options are what xz makes of them', { skip: unlessInstalled('xz') }, () => {
  const options = 'dict=96KiB,lc=1,lp=2,pb=1,mode=normal,nice=40,mf=bt3,depth=9';
  const args = ['--format=raw', '--x86', `--lzma2=${options}`, '--stdout'];
  const lzma2 = {
    ...{ dictionarySize: 96 * 1024, lc: 1, lp: 2, pb: 1 },
    ...({ mode: 'normal', matchFinder: 'bt3', niceLength: 40, depth: 9 } as const),
  };
  const expected = execFileSync('xz', args, { input: CONTENT });
  assert.ok(expected.equals(encoded({ lzma2, x86: true })));
});

test('what does not fit is undefined', () => {
  assert.equal(encodeLzma2(CONTENT, new Uint8Array(1000), { lzma2: preset(2), x86: false }), undefined);
});

test('options that liblzma refuses are reported', () => {
  const chain = { lzma2: { ...preset(2), lc: 5 }, x86: false };
  assert.throws(() => encodeLzma2(CONTENT, new Uint8Array(400_000), chain), { code: 'ERR_XZ' });
});

function preset(number: number) {
  const options = XZ_PRESETS[number];
  assert.ok(options);
  return options;
}
