import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { findContainersPolicy, policyPaths, requireSecurePolicy } from '../../src/oci/containers-policy.ts';
import { coded } from '../support/expect.ts';
import { testFolder } from '../support/small-image.ts';

const ACCEPT = { type: 'insecureAcceptAnything' };
const REJECT = { type: 'reject' };

async function policyFile(t: TestContext, content: object | string): Promise<string> {
  const path = join(await testFolder(t), 'policy.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

test('the places of the policy, in their order', () => {
  assert.deepEqual(policyPaths({ CONTAINERS_POLICY_JSON: '/p', HOME: '/h' }), ['/p']);
  const system = ['/etc/containers/policy.json', '/usr/share/containers/policy.json'];
  assert.deepEqual(policyPaths({ HOME: '/h' }), ['/h/.config/containers/policy.json', ...system]);
  assert.deepEqual(policyPaths({ HOME: '/h', XDG_CONFIG_HOME: '/x' }), [
    '/x/containers/policy.json',
    ...system,
  ]);
});

test('the first policy that exists is in force', async (t) => {
  const path = await policyFile(t, { default: [REJECT] });
  const other = await policyFile(t, { default: [ACCEPT] });
  const found = await findContainersPolicy([`${path}.not`, `${path}/not`, path, other]);
  assert.deepEqual(found, { path, defaultIsInsecure: false, acceptsEverything: false });
});

test('a default of exactly one insecureAcceptAnything proves nothing', async (t) => {
  const insecure = await policyFile(t, { default: [ACCEPT] });
  await assert.rejects(requireSecurePolicy([insecure]), coded('ERR_POLICY_INSECURE', insecure, 'reject'));
  for (const standard of [[REJECT], [ACCEPT, REJECT], [{ type: 'signedBy', keyPath: '/k' }]]) {
    const path = await policyFile(t, { default: standard });
    assert.equal((await requireSecurePolicy([path])).path, path);
  }
});

test('a rule for one place makes a policy that does not accept everything', async (t) => {
  const rules = { default: [ACCEPT], transports: { docker: { 'example.com': [REJECT] } } };
  const some = await findContainersPolicy([await policyFile(t, rules)]);
  assert.deepEqual([some.defaultIsInsecure, some.acceptsEverything], [true, false]);
  const open = { default: [ACCEPT], transports: { 'docker-daemon': { '': [ACCEPT] } } };
  assert.equal((await findContainersPolicy([await policyFile(t, open)])).acceptsEverything, true);
  const empty = await findContainersPolicy([await policyFile(t, { default: [] })]);
  assert.deepEqual([empty.defaultIsInsecure, empty.acceptsEverything], [false, false]);
});

test('no policy, or one that cannot be understood, is refused', async (t) => {
  await assert.rejects(
    findContainersPolicy(['/nonexistent/p.json']),
    coded('ERR_POLICY', '/nonexistent/p.json'),
  );
  for (const text of ['{', '[]', '{}', '{"default":{}}', '{"default":[],"transports":{"docker":[]}}']) {
    const path = await policyFile(t, text);
    await assert.rejects(findContainersPolicy([path]), coded('ERR_POLICY', path));
  }
  const path = await policyFile(t, '{}');
  await assert.rejects(findContainersPolicy([join(path, '..')]), coded('ERR_POLICY', 'cannot read'));
});
