import type { HrTime } from '@opentelemetry/api';

/**
 * The wall clock now, in whole milliseconds, as the spans of the SDK begin by themselves: one that began at a fraction would
 * seem to begin after its own children of the same millisecond.
 *
 * As `HrTime`, which the SDK takes as it is; a reading of `performance.now()` costs it a reading more and four arrays.
 */
export function wallClock(): HrTime {
  const millis = Date.now();
  const seconds = Math.floor(millis / 1000);
  return [seconds, (millis - seconds * 1000) * 1e6];
}

/** Adds milliseconds, fractions allowed, to an `HrTime`. */
export function addMillis([seconds, nanos]: HrTime, millis: number): HrTime {
  const sum = nanos + Math.round(millis * 1e6);
  const carried = Math.floor(sum / 1e9);
  return [seconds + carried, sum - carried * 1e9];
}
