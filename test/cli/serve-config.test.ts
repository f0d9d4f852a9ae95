import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import {
  type ConfigInput,
  configText,
  configuredValues,
  isServeOption,
  serveConfig,
} from '../../src/cli/serve-config.ts';
import { SERVE_OPTION_KEYS, SERVE_OPTIONS } from '../../src/cli/serve-options.ts';
import { run, TREEPORT } from '../e2e/support/run.ts';
import { coded } from '../support/expect.ts';
import { testFolder } from '../support/small-image.ts';

const KEYS = ['repo', 'deltaPolicy', ...SERVE_OPTION_KEYS] as const;

function configOf(input: Partial<ConfigInput>) {
  return serveConfig({
    given: {},
    environment: {},
    keys: KEYS,
    defaultOf: (key) => (isServeOption(key) ? SERVE_OPTIONS[key].default : undefined),
    ...input,
  });
}

async function fileWith(t: TestContext, text: string): Promise<string> {
  const path = join(await testFolder(t), 'serve.conf');
  writeFileSync(path, text);
  return path;
}

test('the command line goes before the environment, that before the file, that before the default', async (t) => {
  const config = await fileWith(t, '[server]\nlisten=3\ncache-size=3\nworkers=3\n');
  const environment = { TREEPORT_LISTEN: '2', TREEPORT_CACHE_SIZE: '2', TREEPORT_LOG_LEVEL: '' };
  const { listen, cacheSize, workers, logLevel, cacheDir } = configOf({
    given: { config, listen: '1' },
    environment,
  });
  assert.deepEqual(listen, { value: '1', source: '--listen' });
  assert.deepEqual(cacheSize, { value: '2', source: 'TREEPORT_CACHE_SIZE' });
  assert.deepEqual(workers, { value: '3', source: config });
  assert.deepEqual(logLevel, { value: 'info', source: 'default' });
  assert.equal(cacheDir, undefined);
});

test('the environment names the file, unless the command line does', async (t) => {
  const [one, other] = [await fileWith(t, '[server]\nlisten=1\n'), await fileWith(t, '[server]\nlisten=2\n')];
  const environment = { TREEPORT_CONFIG: one };
  assert.equal(configOf({ environment }).listen?.value, '1');
  assert.equal(configOf({ environment, given: { config: other } }).listen?.value, '2');
  assert.equal(configOf({ environment: { TREEPORT_CONFIG: '' } }).listen?.value, '8080');
});

test('every option has a variable and a key', async (t) => {
  const values: Readonly<Record<string, string>> = {
    ...Object.fromEntries(KEYS.map((key) => [key, '1'])),
    logLevel: 'warn',
    virtualDeltas: 'lan',
  };
  const names = KEYS.map((key) => key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));
  const environment = Object.fromEntries(
    KEYS.map((key, at) => [`TREEPORT_${names[at]?.replaceAll('-', '_').toUpperCase()}`, values[key]]),
  );
  const file = KEYS.map((key, at) => `${names[at]}=${values[key]}`).join('\n');
  const byFile = configOf({ given: { config: await fileWith(t, `[server]\n${file}\n`) } });
  for (const key of KEYS) {
    assert.equal(configOf({ environment })[key]?.value, values[key], key);
    assert.equal(byFile[key]?.value, values[key], key);
  }
});

test('what is printed configures the same', async (t) => {
  const given = { repo: '/a b', signSummary: 'ed25519=file:a\nspki=command:b \\ c', cacheSize: '5GiB' };
  const config = configOf({ given });
  const text = configText(config, KEYS);
  assert.match(
    text,
    /^\[server\]\n# --repo\nrepo=\/a b\n# delta-policy is not set\n# default\nlisten=8080\n/,
  );
  assert.match(text, /^# cache-dir is not set$/m);
  const again = configOf({ given: { config: await fileWith(t, text) } });
  assert.deepEqual(configuredValues(again), configuredValues(config));
  assert.equal(again.repo?.value, '/a b');
});

test('a file that is missing, malformed or has an unknown key or a bad value is ERR_SERVER_CONFIG', async (t) => {
  const cases = {
    'listen=1\n': 'line 1 is a key before',
    '[server]\nnonsense\n': 'line 2 is neither',
    '[sever]\nlisten=1\n': 'not [sever]',
    '[server]\nlogg-level=warn\n': 'unknown key "logg-level"; did you mean log-level?',
    '[server]\ncache-size=much\n': '--cache-size',
  };
  for (const [text, what] of Object.entries(cases)) {
    const config = await fileWith(t, text);
    assert.throws(() => configOf({ given: { config } }), coded('ERR_SERVER_CONFIG', config, what), text);
  }
  assert.throws(
    () => configOf({ given: { config: '/none' } }),
    coded('ERR_SERVER_CONFIG', '/none', 'no such file'),
  );
});

test('a bad value of the environment names its variable, one of the command line its option', () => {
  assert.throws(
    () => configOf({ environment: { TREEPORT_WORKERS: 'all' } }),
    coded('ERR_USAGE', 'TREEPORT_WORKERS: --workers'),
  );
  assert.throws(() => configOf({ given: { workers: 'all' } }), { message: /^--workers/ });
});

const PROGRAMS = {
  'treeport serve': [...TREEPORT, 'serve'],
  'the program of images': [process.execPath, join(import.meta.dirname, '../../src/runtime-app.ts'), 'serve'],
};

for (const [name, words] of Object.entries(PROGRAMS)) {
  test(`${name} prints its configuration, and refuses a bad one`, async (t) => {
    const config = await fileWith(t, '[server]\ncache-size=3GiB\nworkers=3\n');
    const env = { TREEPORT_CONFIG: config, TREEPORT_WORKERS: '2', TREEPORT_LISTEN: '' };
    const { status, stdout, stderr } = await run([...words, '--print-config', '--base-path', '/os'], { env });
    assert.deepEqual([status, stderr], [0, '']);
    const drain = name === 'treeport serve' ? 0 : 5;
    for (const line of [
      '# default\nlisten=8080\n',
      '# --base-path\nbase-path=/os\n',
      `# ${config}\ncache-size=3GiB\n`,
      '# TREEPORT_WORKERS\nworkers=2\n',
      `# default\ndrain-delay=${drain}\n`,
    ])
      assert.ok(stdout.includes(line), `${line} in ${stdout}`);
    const signers = [
      '--sign-summary',
      'ed25519=file:a',
      '--sign-summary',
      'spki=file:b',
      '--listen',
      '1',
      '--listen',
      '2',
    ];
    const several = await run([...words, '--print-config', ...signers]);
    assert.match(several.stdout, /^listen=2$/m);
    assert.match(several.stdout, /^sign-summary=ed25519=file:a\\nspki=file:b$/m);
    const bad = await run([...words, '--print-config', '--config', '/none'], { env });
    assert.equal(bad.status, 1);
    assert.match(bad.stderr, /^treeport: ERR_SERVER_CONFIG: the configuration file \/none: [^\n]+\n$/);
    const misspelt = await run([...words, '--lisen', '1']);
    assert.equal(misspelt.status, 2);
    assert.match(misspelt.stderr, /^treeport: ERR_USAGE: unknown option '--lisen'; did you mean --listen\?/);
  });
}

test('treeport serve takes the repository from each place, and asks for it', async () => {
  const { stderr, status } = await run([...TREEPORT, 'serve']);
  assert.equal(status, 2);
  assert.match(stderr, /ERR_USAGE: name the repository: --repo, TREEPORT_REPO or repo=/);
  const missing = await run([...TREEPORT, 'serve'], { env: { TREEPORT_REPO: '/none' } });
  assert.match(missing.stderr, /ERR_REPO_MISSING: .*\/none/);
});
