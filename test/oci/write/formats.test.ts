import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { RUNTIME_TOOLS, runtimeDirectory } from '../../../src/base/package-directory.ts';
import { encoderVersion, FORMATS, formatOf } from '../../../src/oci/write/formats.ts';

const runtime = runtimeDirectory(process.arch);
const hasLibdeflate = runtime !== undefined && existsSync(join(runtime, RUNTIME_TOOLS));

test('libdeflate makes gzip layers where the runtime has it, else Node', () => {
  assert.equal(formatOf('gzip').encoder, hasLibdeflate ? 'libdeflate' : 'zlib');
  assert.equal(formatOf('zstd').encoder, 'zstd');
});

test('each format has its encoder’s name, by which threads find it', () => {
  for (const [name, { encoder }] of Object.entries(FORMATS)) assert.equal(encoder, name);
});

test('layers of different encoders have different keys', () => {
  const { zlib, zstd } = process.versions;
  assert.equal(encoderVersion('zstd'), zstd);
  if (hasLibdeflate) assert.match(encoderVersion('gzip'), /^libdeflate \d+\.\d+-\d+$/);
  else assert.equal(encoderVersion('gzip'), zlib);
});
