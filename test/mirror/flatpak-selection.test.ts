import assert from 'node:assert/strict';
import test from 'node:test';
import { selectFlatpaks } from '../../src/mirror/flatpak-selection.ts';
import type { OfferedRef } from '../../src/ostree/offered-refs.ts';
import { repeatedChecksum } from '../support/checksums.ts';
import { coded } from '../support/expect.ts';

function offered(name: string, metadata = '', subsets: readonly string[] = []): OfferedRef {
  const sizes = { installedSize: 0n, downloadSize: 0n, sparse: new Map() };
  return {
    name,
    commit: repeatedChecksum('a'),
    size: 1,
    timestamp: 1,
    parent: undefined,
    version: undefined,
    binding: undefined,
    flatpak: name.startsWith('appstream') ? undefined : { ...sizes, metadata, subsets },
  };
}

const runtimeMetadata = `[Runtime]
name=org.example.Platform
[Extension org.example.Platform.Locale]
autodelete=true
[Extension org.example.Platform.GL]
versions=1;2
subdirectories=true
no-autodownload=true
download-if=active-gl-driver
[Extension org.example.Theme@other]
version=9
subdirectories=true
[Extension org.example.Platform.Debug]
no-autodownload=true
`;
const app = (runtime: string) => `[Application]\nname=x\nruntime=${runtime}\nsdk=org.example.Sdk/x86_64/1\n`;

const REFS: readonly OfferedRef[] = [
  offered('app/org.example.One/x86_64/stable', app('org.example.Platform/x86_64/1'), ['free']),
  offered('app/org.example.One/aarch64/stable', app('org.example.Platform/aarch64/1')),
  offered('app/org.example.One/x86_64/beta', app('org.example.Platform/x86_64/2')),
  offered('app/org.other.Two/x86_64/stable', app('org.example.Platform/x86_64/1')),
  offered('runtime/org.example.Platform/x86_64/1', runtimeMetadata),
  offered('runtime/org.example.Platform/aarch64/1'),
  offered('runtime/org.example.Sdk/x86_64/1'),
  offered('runtime/org.example.Platform.Locale/x86_64/1'),
  offered('runtime/org.example.Platform.Locale/x86_64/2'),
  offered('runtime/org.example.Platform.Debug/x86_64/1'),
  offered('runtime/org.example.Platform.GL.default/x86_64/2'),
  offered('runtime/org.example.Platform.GL.vendor/x86_64/1'),
  offered('runtime/org.example.Theme.Dark/x86_64/9'),
  offered('runtime/org.example.Theme.Dark/x86_64/1'),
  offered('appstream/x86_64'),
  offered('appstream2/x86_64'),
  offered('appstream2/aarch64'),
  offered('appstream2/free-x86_64'),
  offered('appstream2/other-x86_64'),
  offered('ostree-metadata'),
];

function select(...words: readonly string[]) {
  const warnings: string[] = [];
  return { ...selectFlatpaks(REFS, words, (message) => warnings.push(message)), warnings };
}

test('an app, its runtime, and the extensions that clients install by themselves', () => {
  const { refs, optional, warnings } = select('org.example.One/x86_64/stable');
  assert.deepEqual(refs, [
    'app/org.example.One/x86_64/stable',
    'runtime/org.example.Platform/x86_64/1',
    'runtime/org.example.Platform.Locale/x86_64/1',
    'runtime/org.example.Platform.GL.default/x86_64/2',
    'runtime/org.example.Theme.Dark/x86_64/9',
    'appstream/x86_64',
    'appstream2/x86_64',
    'appstream2/free-x86_64',
  ]);
  assert.deepEqual(optional, [
    'runtime/org.example.Platform.Debug/x86_64/1',
    'runtime/org.example.Platform.GL.vendor/x86_64/1',
  ]);
  assert.deepEqual(warnings, []);
});

test('ids with wildcards, architectures, branches and kinds', () => {
  const apps = (...words: readonly string[]) =>
    select(...words).refs.filter((name) => name.startsWith('app/'));
  assert.equal(apps('org.example.*').length, 3);
  assert.deepEqual(apps('org.example.One/aarch64'), ['app/org.example.One/aarch64/stable']);
  assert.deepEqual(apps('org.example.One//beta'), ['app/org.example.One/x86_64/beta']);
  assert.deepEqual(apps('app/*//stable').length, 3);
  const { refs } = select('runtime/org.example.Sdk');
  assert.deepEqual(refs.slice(0, 1), ['runtime/org.example.Sdk/x86_64/1']);
});

test('an optional extension that was named is not left out', () => {
  const { refs, optional } = select('org.example.One/x86_64/stable', 'org.example.Platform.Debug');
  assert.ok(refs.includes('runtime/org.example.Platform.Debug/x86_64/1'));
  assert.deepEqual(optional, ['runtime/org.example.Platform.GL.vendor/x86_64/1']);
});

test('a runtime that is not there is a warning, an app that is not there an error', () => {
  const { warnings } = select('org.example.One//beta');
  assert.match(
    warnings.join(),
    /One\/x86_64\/beta needs runtime\/org.example.Platform\/x86_64\/2, which is not/,
  );
  assert.throws(() => select('org.example.None'), coded('ERR_REF_MISSING', 'org.example.None'));
  assert.throws(() => select('org.example.Onne'), coded('ERR_REF_MISSING', 'did you mean org.example.One?'));
  assert.throws(() => select('a/b/c/d/e'), coded('ERR_USAGE', 'a/b/c/d/e'));
});
