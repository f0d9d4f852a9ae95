import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { XZ_PRESETS } from '../../../src/delta/xz/presets.ts';
import { encodeLzma2 } from '../../../src/native/lzma/encode.ts';

const KIB = 1024;
const CONTENT = readFileSync(process.execPath).subarray(0, 100 * KIB);

function chainOf(dictionarySize: number) {
  const preset = XZ_PRESETS[1];
  assert.ok(preset);
  return { lzma2: { ...preset, dictionarySize }, x86: false };
}

/** Bytes of this process that are mapped (proc(5)). */
function mappedBytes(): number {
  const line = /^VmSize:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(line?.[1]) * KIB;
}

test('the memory of each block goes back', () => {
  const chain = chainOf(64 * KIB * KIB);
  const output = new Uint8Array(CONTENT.length);
  const encode = () => encodeLzma2(CONTENT, output, chain);
  encode();
  const before = mappedBytes();
  for (let count = 0; count < 10; count++) encode();
  // One block that is left takes 300 MiB.
  assert.ok(mappedBytes() - before < 200 * KIB * KIB);
});
