import assert from 'node:assert/strict';
import test from 'node:test';
import type { SignatureKind } from '../../../src/ostree/sign/signer.ts';
import { clientLines } from '../../../src/server/page/client-lines.ts';

const UNSIGNED = { commitKinds: [], summaryKinds: [] } as const;
const GPG = { commitKinds: ['gpg'], summaryKinds: [] } as const;
const url = 'http://mirror.example/repo';

test('an OS is for ostree and rpm-ostree', () => {
  assert.deepEqual(clientLines({ url, ref: 'exampleos/x86_64/stable', ...UNSIGNED }), [
    {
      client: 'ostree',
      lines: [
        `ostree remote add --no-gpg-verify mirror ${url}`,
        'ostree pull mirror exampleos/x86_64/stable',
      ],
    },
    {
      client: 'rpm-ostree',
      lines: [
        `ostree remote add --no-gpg-verify mirror ${url}`,
        'rpm-ostree rebase mirror:exampleos/x86_64/stable',
      ],
    },
  ]);
});

test('an application or a runtime is for flatpak', () => {
  const [app] = clientLines({ url, ref: 'app/org.example.App/x86_64/stable', ...UNSIGNED });
  assert.deepEqual(app, {
    client: 'flatpak',
    lines: [`flatpak remote-add --no-gpg-verify mirror ${url}`, 'flatpak install mirror org.example.App'],
  });
  const [runtime] = clientLines({ url, ref: 'runtime/org.example.Sdk/x86_64/1', ...GPG });
  assert.deepEqual(runtime?.lines, [
    `flatpak remote-add --gpg-import=KEY.gpg mirror ${url}`,
    'flatpak install mirror org.example.Sdk/x86_64/1',
  ]);
});

test('signed commits are to be verified; without a ref there is a place for one', () => {
  const [ostree] = clientLines({ url, ref: undefined, ...GPG });
  assert.deepEqual(ostree?.lines, [
    `ostree remote add --gpg-import=KEY.gpg mirror ${url}`,
    'ostree pull mirror REF',
  ]);
});

test('the kinds of signatures of the commit are demanded, and of the summary alone only there', () => {
  const added = (commitKinds: readonly SignatureKind[], summaryKinds: readonly SignatureKind[] = []) =>
    clientLines({ url, ref: 'os', commitKinds, summaryKinds })[0]?.lines[0];
  const file = (kind: string) => `--sign-verify=${kind}=file:/PATH/TO/KEY.${kind}.pub`;
  assert.equal(added(['ed25519']), `ostree remote add --no-gpg-verify ${file('ed25519')} mirror ${url}`);
  assert.equal(
    added(['gpg', 'spki'], ['gpg']),
    `ostree remote add --gpg-import=KEY.gpg ${file('spki')} mirror ${url}`,
  );
  assert.equal(
    added([], ['gpg']),
    `ostree remote add --gpg-import=KEY.gpg --set=gpg-verify=false --set=gpg-verify-summary=true mirror ${url}`,
  );
  assert.equal(added([], ['ed25519']), `ostree remote add --no-gpg-verify mirror ${url}`);
});
