/** Entry point of a compression thread: compresses blocks from shared memory into shared memory. */
import { answerCalls } from '../../base/answer-calls.ts';
import { compressBlock } from './compress-block.ts';

answerCalls(compressBlock);
