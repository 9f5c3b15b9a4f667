import { expect, test } from '@jest/globals';
import { addMillis, wallClock } from '../../src/otel/clock.js';

test('the wall clock is read in whole milliseconds, as the SDK’s own spans begin', () => {
  const before = Date.now();
  const [seconds, nanos] = wallClock();
  const after = Date.now();
  expect(Number.isSafeInteger(seconds)).toBe(true);
  expect(nanos % 1e6).toBe(0);
  expect(nanos).toBeLessThan(1e9);
  const millis = seconds * 1000 + nanos / 1e6;
  expect(millis).toBeGreaterThanOrEqual(before);
  expect(millis).toBeLessThanOrEqual(after);
});

test.each([
  [[10, 0], 0, [10, 0]],
  [[10, 999_000_000], 0.5, [10, 999_500_000]],
  [[10, 999_000_000], 1, [11, 0]],
  [[10, 999_000_000], 2500.000_001, [13, 499_000_001]],
  [[10, 0], -0.000_001, [9, 999_999_999]],
  [[10, 0], 3_600_000, [3610, 0]],
] as const)('%j and %d ms addMillis it is %j', ([seconds, nanos], millis, expected) => {
  expect(addMillis([seconds, nanos], millis)).toEqual(expected);
});
