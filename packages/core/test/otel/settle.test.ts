import { describe, expect, test } from '@jest/globals';
import { settle } from '../../src/otel/settle.js';

const broken = new Error('broken');

function throwBroken(): never {
  throw broken;
}

/** Settles `task`, doubling its value, and notes the errors that are shown. */
function settled<Value>(task: () => Value) {
  const errors: unknown[] = [];
  const run = () =>
    settle(
      task,
      (value) => Number(value) * 2,
      (error) => errors.push(error),
    );
  return { errors, run };
}

describe('a synchronous task', () => {
  test('stays synchronous', () => {
    const { run, errors } = settled(() => 21);
    expect([run(), errors]).toEqual([42, []]);
  });

  test('throws its own error on, after it was shown', () => {
    const { run, errors } = settled(throwBroken);
    expect(run).toThrow(broken);
    expect(errors).toEqual([broken]);
  });
});

describe('an asynchronous task', () => {
  test('becomes a promise of the mapped value', async () => {
    const { run, errors } = settled(async () => 21);
    const promise = run();
    expect(promise).toBeInstanceOf(Promise);
    expect([await promise, errors]).toEqual([42, []]);
  });

  test('rejects with its own error, after it was shown', async () => {
    const { run, errors } = settled(async () => throwBroken());
    await expect(run()).rejects.toBe(broken);
    expect(errors).toEqual([broken]);
  });

  test('is started once, even if it is a thenable that starts with each `then`', async () => {
    let started = 0;
    const { run } = settled(() => ({
      // biome-ignore lint/suspicious/noThenProperty: query builders are such thenables
      then: (resolve: (value: number) => unknown) => {
        started++;
        return Promise.resolve(resolve(21));
      },
    }));
    expect([await run(), started]).toEqual([42, 1]);
  });
});

test('an error of the mapping is not shown as the task’s', async () => {
  const errors: unknown[] = [];
  const show = (error: unknown) => errors.push(error);
  expect(() => settle(() => 1, throwBroken, show)).toThrow(broken);
  await expect(settle(async () => 1, throwBroken, show)).rejects.toBe(broken);
  expect(errors).toEqual([]);
});
