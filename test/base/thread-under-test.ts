/** Entry point of the thread of thread.test.ts. */
import 'koffi';
import { setTimeout } from 'node:timers/promises';
import { answerCalls } from '../../src/base/answer-calls.ts';
import { TreeportError } from '../../src/base/errors.ts';

type Request = { readonly wait?: number; readonly say?: string; readonly fail?: 'coded' | 'plain' };

answerCalls(async ({ wait, say, fail }: Request) => {
  if (fail === 'coded') throw new TreeportError('ERR_TAR', 'said by the thread');
  if (fail === 'plain') throw new Error('said by the thread');
  await setTimeout(wait ?? 0);
  return say;
});
