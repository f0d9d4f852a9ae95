/** Entry point of the thread of thread.test.ts. */
import 'koffi';
import { answerCalls } from '../../src/base/answer-calls.ts';
import { TreeportError } from '../../src/base/errors.ts';
import { turns } from '../support/turns.ts';

/** `wait`: turns of its event loop. */
type Request = { readonly wait?: number; readonly say?: string; readonly fail?: 'coded' | 'plain' | 'exit' };

answerCalls(async ({ wait, say, fail }: Request) => {
  if (fail === 'coded') throw new TreeportError('ERR_TAR', 'said by the thread');
  if (fail === 'plain') throw new Error('said by the thread');
  if (fail === 'exit') process.exit(3);
  await turns(wait ?? 0);
  return say;
});
