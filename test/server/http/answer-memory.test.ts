import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import test from 'node:test';
import { AnswerMemory } from '../../../src/server/http/answer-memory.ts';

class Response extends EventEmitter {
  isCut = false;

  destroy(): void {
    this.isCut = true;
    this.emit('close');
  }
}

function held(memory: AnswerMemory, bytes: Buffer): Response {
  const response = new Response();
  memory.hold(bytes, response as unknown as ServerResponse);
  return response;
}

const SIZE = 100_000;
const bytes = () => Buffer.alloc(SIZE);

test('large answers count until they are closed, small ones do not', () => {
  const memory = new AnswerMemory(2 * SIZE);
  held(memory, Buffer.alloc(1000));
  assert.equal(memory.held, 0);
  const answers = [held(memory, bytes()), held(memory, bytes())];
  assert.equal(memory.held, 2 * SIZE);
  assert.equal(memory.isFull, false);
  answers.push(held(memory, bytes()));
  assert.equal(memory.isFull, true);
  for (const answer of answers) answer.emit('close');
  assert.equal(memory.held, 0);
});

test('an answer whose bytes are freed before it is closed counts for what they were', () => {
  const memory = new AnswerMemory(2 * SIZE);
  const freed = bytes();
  const answer = held(memory, freed);
  freed.buffer.transfer(0);
  answer.emit('close');
  assert.equal(memory.held, 0);
});

test('answers that share their bytes count once, until the last one is closed', () => {
  const memory = new AnswerMemory(2 * SIZE);
  const shared = bytes();
  const [one, other] = [held(memory, shared), held(memory, shared)];
  one.emit('close');
  assert.equal(memory.held, SIZE);
  other.emit('close');
  assert.equal(memory.held, 0);
});

test('beyond twice of what makes it full the oldest answers are cut', () => {
  const memory = new AnswerMemory(2 * SIZE);
  const shared = bytes();
  const answers = [held(memory, shared), held(memory, shared)];
  for (let count = 0; count < 4; count++) answers.push(held(memory, bytes()));
  assert.deepEqual(
    answers.map(({ isCut }) => isCut),
    [true, true, false, false, false, false],
  );
  assert.equal(memory.held, 4 * SIZE);
});

test('one answer that is larger than all of it is sent all the same', () => {
  const memory = new AnswerMemory(SIZE);
  const small = held(memory, bytes());
  const large = held(memory, Buffer.alloc(10 * SIZE));
  assert.deepEqual([small.isCut, large.isCut], [true, false]);
});
