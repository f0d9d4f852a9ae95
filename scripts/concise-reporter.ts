/**
 * A test reporter for logs: one line per file, failures in full, skipped tests with reasons, node's summary,
 * and the beginnings of all failures again, because often only the end of a log is kept.
 */
import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';

type EventOf<Type extends TestEvent['type']> = Extract<TestEvent, { readonly type: Type }>['data'];

/** Lines of a failure that are repeated at the end. */
const LINES_AGAIN = 8;

export async function* concise(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const failures: string[] = [];
  for await (const event of events) {
    const text = textOf(event);
    if (event.type === 'test:fail' && !isOfSubtests(event.data)) failures.push(text);
    yield text;
  }
  if (failures.length > 0) yield `\n== Failed\n${failures.map(beginning).join('\n')}\n`;
}

function isOfSubtests({ details }: EventOf<'test:fail'>): boolean {
  return (details.error as { readonly failureType?: unknown }).failureType === 'subtestsFailed';
}

function beginning(failure: string): string {
  return failure.split('\n', LINES_AGAIN).join('\n');
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
