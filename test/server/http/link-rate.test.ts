import assert from 'node:assert/strict';
import test from 'node:test';
import { LinkRate } from '../../../src/server/http/link-rate.ts';

const MB = 1_000_000;

test('answers of all connections count together, each for its time', () => {
  const rate = new LinkRate();
  for (let count = 0; count < 8; count++) rate.took(MB / 10, 1000, 1200);
  assert.equal(Math.round(rate.best(1200)), 4000);
  assert.equal(Math.round(rate.measured(1200)), 200);
});

test('the best window counts: pauses and slow moments take nothing away', () => {
  const rate = new LinkRate();
  rate.took(5 * MB, 1000, 1100);
  rate.took(1000, 1100, 1900);
  assert.equal(Math.round(rate.best(1900)), 50_000);
});

test('small answers that come at once are not faster than a window', () => {
  const rate = new LinkRate();
  rate.took(100_000, 1000, 1000);
  assert.ok(rate.best(1000) <= 1000);
});

test('a large answer counts by itself, as it is more than buffers hold', () => {
  const rate = new LinkRate();
  rate.took(MB, 1000, 1020);
  rate.took(MB / 2, 1020, 1060);
  assert.equal(Math.round(rate.best(1060)), 50_000);
});

test('more than eight connections are those of several clients, of which each has its share', () => {
  const rate = new LinkRate();
  for (let connection = 0; connection < 32; connection++) rate.took(MB, 1000, 1100);
  assert.equal(Math.round(rate.best(1100)), 80_000);
});

test('what is older than four seconds is forgotten', () => {
  const rate = new LinkRate();
  rate.took(5 * MB, 1000, 1100);
  assert.ok(rate.best(4900) > 0);
  assert.equal(rate.best(5200), 0);
  assert.equal(rate.measured(5200), 0);
  assert.equal(rate.best(1e9), 0);
});

test('of an answer that took longer the last four seconds count', () => {
  const rate = new LinkRate();
  rate.took(8 * MB, 1000, 9000);
  assert.equal(Math.round(rate.best(9000)), 1000);
  assert.equal(Math.round(rate.measured(9000)), 4000 - 25);
});
