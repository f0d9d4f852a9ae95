import assert from 'node:assert/strict';
import test from 'node:test';
import { clientLines } from '../../../src/server/page/client-lines.ts';

const url = 'http://mirror.example/repo';

test('an OS is for ostree and rpm-ostree', () => {
  assert.deepEqual(clientLines({ url, ref: 'exampleos/x86_64/stable', isSigned: false }), [
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
  const [app] = clientLines({ url, ref: 'app/org.example.App/x86_64/stable', isSigned: false });
  assert.deepEqual(app, {
    client: 'flatpak',
    lines: [`flatpak remote-add --no-gpg-verify mirror ${url}`, 'flatpak install mirror org.example.App'],
  });
  const [runtime] = clientLines({ url, ref: 'runtime/org.example.Sdk/x86_64/1', isSigned: true });
  assert.deepEqual(runtime?.lines, [
    `flatpak remote-add --gpg-import=KEY.gpg mirror ${url}`,
    'flatpak install mirror org.example.Sdk/x86_64/1',
  ]);
});

test('signed commits are to be verified; without a ref there is a place for one', () => {
  const [ostree] = clientLines({ url, ref: undefined, isSigned: true });
  assert.deepEqual(ostree?.lines, [
    `ostree remote add --gpg-import=KEY.gpg mirror ${url}`,
    'ostree pull mirror REF',
  ]);
});
