/** The examples of docs/library.md, which tests run as they are there. */
import assert from 'node:assert/strict';
import { projectText } from './project.ts';

/** The program below this heading. */
export function libraryExample(heading: string): string {
  const section = projectText('docs/library.md').split(`\n## ${heading}\n`)[1] ?? '';
  const [, code = ''] = /^```js\n(.*?)^```$/ms.exec(section) ?? assert.fail(`no example "${heading}"`);
  return code;
}
