/** The reference of the library's API, which typedoc makes from the doc comments. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { ROOT } from '../support/project.ts';
import { must } from './support/run.ts';

const TYPEDOC = join(ROOT, 'test/package-lint/node_modules/typedoc/bin/typedoc');
const skip = existsSync(TYPEDOC) ? false : 'typedoc is not installed (npm test installs it)';

test('every exported function, class and method of the library has a doc comment', { skip }, async () => {
  await must([process.execPath, TYPEDOC, '--logLevel', 'Warn', '--emit', 'none'], { cwd: ROOT });
});
