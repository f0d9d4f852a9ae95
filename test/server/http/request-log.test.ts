import assert from 'node:assert/strict';
import test from 'node:test';
import { pino } from 'pino';
import { formattedLines, type RequestLine } from '../../../src/server/http/request-log.ts';

const LINE: RequestLine = {
  method: 'GET',
  url: '/repo/config',
  status: 200,
  ms: 0.1,
  client: '::1',
  agent: 'libostree/2022.7',
};

const LINES: readonly RequestLine[] = [
  LINE,
  { ...LINE, agent: undefined },
  { ...LINE, client: undefined, status: 404 },
  { ...LINE, agent: '' },
  { ...LINE, ms: 12_345, url: '/"quoted"\\' },
  { ...LINE, agent: '\u0000\u001f \u007f ä € 😀 \ud800 "}' },
  { ...LINE, agent: '\u2028' },
];

test('a line formatted by hand is the line that pino writes', () => {
  const [byHand, byPino]: [string[], string[]] = [[], []];
  const write = formattedLines({ write: (line) => void byHand.push(line) });
  const logger = pino({ level: 'debug' }, { write: (line) => byPino.push(line) });
  for (const line of LINES) {
    for (const level of ['info', 'debug'] as const) {
      write(level, line);
      logger[level](line, 'request');
    }
  }
  const timeless = (lines: readonly string[]) => lines.map((line) => line.replace(/"time":\d+/, '"time":0'));
  assert.equal(byHand.length, LINES.length * 2);
  assert.deepEqual(timeless(byHand), timeless(byPino));
});
