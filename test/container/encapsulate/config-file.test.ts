import assert from 'node:assert/strict';
import test from 'node:test';
import { parseContainerConfig, readContainerConfig } from '../../../src/container/encapsulate/config-file.ts';

const parse = (text: string) => parseContainerConfig(Buffer.from(text), 'config.json');

test('members of the specification are kept, others dropped', () => {
  const config = parse(
    '{"Cmd":["/sbin/init"],"Labels":{"a":"b"},"StopSignal":"SIGRTMIN+3","Healthcheck":{},"User":null}',
  );
  assert.deepEqual(config, { Cmd: ['/sbin/init'], Labels: { a: 'b' }, StopSignal: 'SIGRTMIN+3' });
});

test('a member of the wrong kind is named', () => {
  assert.throws(() => parse('{"Cmd":"/sbin/init"}'), {
    code: 'ERR_JSON',
    message: 'config.json: Cmd is not an array of strings',
  });
  assert.throws(() => parse('{"Labels":{"a":1}}'), { code: 'ERR_JSON' });
});

test('null is an empty configuration', () => {
  assert.deepEqual(parse('null'), {});
});

test('what is not a JSON object is refused by name', () => {
  assert.throws(() => parse('{"Cmd":'), { code: 'ERR_JSON', message: /^config\.json is not valid JSON/ });
  assert.throws(() => parse('[]'), { code: 'ERR_JSON', message: /^config\.json is not an object/ });
});

test('a file that is not there is ERR_CONFIG_FILE', async () => {
  await assert.rejects(readContainerConfig('/nonexistent/config.json'), {
    code: 'ERR_CONFIG_FILE',
    message: /ENOENT/,
  });
});
