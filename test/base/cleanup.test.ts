import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { ROOT } from '../support/project.ts';
import { testFolder } from '../support/small-image.ts';

const IMPORTS = `
  import { appendFileSync } from 'node:fs';
  import { onEarlyExit } from ${JSON.stringify(join(ROOT, 'src/base/cleanup.ts'))};
  const log = (word) => () => appendFileSync(process.argv[2], word + ' ');
  const forever = () => { setInterval(() => {}, 1000); console.log('ready'); };`;

/** Runs the script, sends the signal when it is ready; how it ended and what its clean-ups logged. */
async function outcome(t: TestContext, script: string, signal?: NodeJS.Signals) {
  const folder = await testFolder(t);
  const [file, log] = [join(folder, 'script.mjs'), join(folder, 'log')];
  await writeFile(file, IMPORTS + script);
  await writeFile(log, '');
  const child = spawn(process.execPath, [file, log], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'exit');
  if (signal !== undefined) {
    await once(child.stdout, 'data');
    child.kill(signal);
  }
  const [status, by] = await ended;
  return { end: by ?? status, log: (await readFile(log, 'utf8')).trim() };
}

test('a signal runs what is registered and still kills the process', async (t) => {
  const script = `
    const done = onEarlyExit(log('done'));
    onEarlyExit(() => { throw new Error('a clean-up that fails'); });
    onEarlyExit(log('left'));
    done();
    forever();`;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    assert.deepEqual(await outcome(t, script, signal), { end: signal, log: 'left' });
  }
});

test('process.exit and uncaught errors run it too', async (t) => {
  assert.deepEqual(await outcome(t, `onEarlyExit(log('left')); process.exit(3);`), { end: 3, log: 'left' });
  assert.deepEqual(await outcome(t, `onEarlyExit(log('left')); throw new Error('x');`), {
    end: 1,
    log: 'left',
  });
});

test('the newest clean-up runs first', async (t) => {
  const script = `onEarlyExit(log('first')); onEarlyExit(log('second')); process.exit(0);`;
  assert.deepEqual(await outcome(t, script), { end: 0, log: 'second first' });
});

test('where somebody else handles the signal, the process ends in that way, and once', async (t) => {
  const script = `
    process.on('SIGTERM', () => { log('handler')(); process.exit(7); });
    onEarlyExit(log('left'));
    forever();`;
  assert.deepEqual(await outcome(t, script, 'SIGTERM'), { end: 7, log: 'handler left' });
});

test('when all is done, signals do what they did before', async (t) => {
  const script = `onEarlyExit(log('left'))(); if (process.listenerCount('SIGTERM') === 0) forever();`;
  assert.deepEqual(await outcome(t, script, 'SIGTERM'), { end: 'SIGTERM', log: '' });
});
