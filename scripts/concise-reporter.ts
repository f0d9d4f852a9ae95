/**
 * A test reporter for logs: one line per file, failures in full, skipped tests with reasons, and node's
 * summary.
 */
import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';

type EventOf<Type extends TestEvent['type']> = Extract<TestEvent, { readonly type: Type }>['data'];

export async function* concise(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) yield textOf(event);
}

function textOf({ type, data }: TestEvent): string {
  switch (type) {
    case 'test:fail':
      return failure(data);
    case 'test:pass':
      return data.skip === undefined || data.skip === false ? '' : `skip  ${data.name}: ${data.skip}\n`;
    case 'test:summary':
      return data.file === undefined ? closingLines(data) : fileLine(data, data.file);
    case 'test:stderr':
    case 'test:stdout':
      return data.message;
    default:
      return '';
  }
}

function failure({ name, file, line, details, todo }: EventOf<'test:fail'>): string {
  const where = file === undefined ? '' : ` (${relative('', file)}:${line})`;
  return `${todo === undefined ? 'FAIL' : 'todo'}  ${name}${where}\n${words(details.error.cause ?? details.error).replaceAll(/^/gm, '      ')}\n`;
}

/** An error with its stack and causes. The message of an assertion error includes the difference already. */
function words(thrown: unknown): string {
  return thrown instanceof Error && thrown.name === 'AssertionError' ? String(thrown.stack) : inspect(thrown);
}

function fileLine({ counts, duration_ms, success }: EventOf<'test:summary'>, file: string): string {
  return `${success ? 'ok  ' : 'FAIL'}  ${relative('', file)}  ${counts.tests} tests, ${(duration_ms / 1000).toFixed(1)} s\n`;
}

function closingLines({ counts, duration_ms }: EventOf<'test:summary'>): string {
  return [
    `# tests ${counts.tests}`,
    `# pass ${counts.passed}`,
    `# fail ${counts.tests - counts.passed - counts.skipped - counts.todo - counts.cancelled}`,
    `# cancelled ${counts.cancelled}`,
    `# skipped ${counts.skipped}`,
    `# todo ${counts.todo}`,
    `# duration_ms ${duration_ms}`,
    '',
  ].join('\n');
}
