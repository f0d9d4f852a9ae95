/** Entry point of the hashing thread. */
import { answerCalls } from '../../base/answer-calls.ts';
import { type HashRequest, StreamSums, type Sums } from './stream-sums.ts';

const sums = new StreamSums();

answerCalls((request: HashRequest): Sums | undefined => sums.take(request));
