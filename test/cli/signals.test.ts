import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import test from 'node:test';

const SIGNALS = join(import.meta.dirname, '../../src/cli/signals.ts');

/** Runs a script with `signals`, sends each signal after the line it waits for, and returns the outcome. */
async function runAndStop(script: string, signals: readonly NodeJS.Signals[]) {
  const source = `const signals = await import(${JSON.stringify(SIGNALS)}); signals.handleSignals(); ${script}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const pending = [...signals];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    lines.push(...text.trim().split('\n'));
    const signal = pending.shift();
    if (signal !== undefined) child.kill(signal);
  });
  const [status] = await once(child, 'close');
  return { status, lines };
}

const WAIT = "const timer = setInterval(() => {}, 1000); console.log('ready');";

test('SIGINT ends with 130 and SIGTERM with 143', async () => {
  assert.deepEqual(await runAndStop(WAIT, ['SIGINT']), { status: 130, lines: ['ready'] });
  assert.deepEqual(await runAndStop(WAIT, ['SIGTERM']), { status: 143, lines: ['ready'] });
});

test('a verb stops in its own way', async () => {
  const stop = 'signals.onStopSignal(async (signal) => { console.log(signal); clearInterval(timer); });';
  assert.deepEqual(await runAndStop(`${WAIT} ${stop}`, ['SIGTERM']), {
    status: 0,
    lines: ['ready', 'SIGTERM'],
  });
});

test('a second signal does not wait', async () => {
  const stop = 'signals.onStopSignal(async () => { console.log("stopping"); await new Promise(() => {}); });';
  const result = await runAndStop(`${WAIT} ${stop}`, ['SIGTERM', 'SIGINT']);
  assert.deepEqual(result, { status: 130, lines: ['ready', 'stopping'] });
});
