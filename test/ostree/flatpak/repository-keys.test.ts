import assert from 'node:assert/strict';
import test from 'node:test';
import { type Variant, variant } from '../../../src/gvariant/index.ts';
import { flatpakConfigLines, repositoryKeys } from '../../../src/ostree/flatpak/repository-keys.ts';
import { type Keyfile, parseKeyfile } from '../../../src/ostree/keyfile.ts';

const CONFIG = `[core]
mode=archive-z2
collection-id=org.example.Apps
[flatpak]
title=The\\sShop
redirect-url=https://registry.example.com/elsewhere
default-branch=stable
deploy-sideload-collection-id=true
authenticator-name=org.example.Auth
authenticator-install=true
authenticator-options.url=https://registry.example.com/auth
gpg-keys=AQID
`;

const parsed = (text: string) => parseKeyfile(text) as Keyfile;

test('the keys for clients', () => {
  assert.deepEqual([...repositoryKeys(parsed(CONFIG))], [
    ['xa.title', variant('s', 'The Shop')],
    ['xa.redirect-url', variant('s', 'https://registry.example.com/elsewhere')],
    ['xa.default-branch', variant('s', 'stable')],
    ['xa.deploy-collection-id', variant('s', 'org.example.Apps')],
    ['xa.authenticator-name', variant('s', 'org.example.Auth')],
    ['xa.authenticator-install', variant('b', true)],
    ['xa.authenticator-options.url', variant('s', 'https://registry.example.com/auth')],
    ['xa.gpg-keys', variant('ay', Buffer.from([1, 2, 3]))],
  ] satisfies [string, Variant][]);
  assert.equal(repositoryKeys(parsed('[core]\nmode=archive-z2\n')).size, 0);
});

test('a mirror announces them, too, but sends nobody elsewhere', () => {
  const lines = flatpakConfigLines(parsed(CONFIG));
  const keys = repositoryKeys(parsed(lines.join('\n')));
  assert.equal(keys.has('xa.redirect-url'), false);
  assert.deepEqual(keys.get('xa.title'), variant('s', 'The Shop'));
  assert.deepEqual(flatpakConfigLines(parsed('[core]\n')), []);
});

test('the collection id is deployed with the key that the publisher chose', () => {
  const config = CONFIG.replace('deploy-sideload-', 'deploy-');
  assert.deepEqual(
    repositoryKeys(parsed(config)).get('ostree.deploy-collection-id'),
    variant('s', 'org.example.Apps'),
  );
});
