import { afterEach, expect, test } from '@jest/globals';
import { withVariables } from '@otel-middleware/testbed/variables';
import { readList, readVariable } from '../../src/otel/environment.js';

const { process: real } = globalThis;
afterEach(() => {
  globalThis.process = real;
});

test('reads a variable, and an unset one as undefined', () => {
  expect(withVariables({ OTEL_TEST_VARIABLE: 'on' }, () => readVariable('OTEL_TEST_VARIABLE'))).toBe('on');
  expect(readVariable('OTEL_TEST_VARIABLE')).toBeUndefined();
});

test('a runtime without a process has no variables', () => {
  Object.defineProperty(globalThis, 'process', { value: undefined, configurable: true, writable: true });
  expect(readVariable('PATH')).toBeUndefined();
  expect(readList('PATH')).toBeUndefined();
});

test('a runtime that forbids reading the environment has no variables', () => {
  const env = new Proxy(
    {},
    {
      get: () => {
        throw new Error('Requires env access');
      },
    },
  );
  Object.defineProperty(globalThis, 'process', { value: { env }, configurable: true, writable: true });
  expect(readVariable('PATH')).toBeUndefined();
});

test.each([
  ['GET,POST', ['GET', 'POST']],
  [' GET , ,POST,', ['GET', 'POST']],
])('splits the list %j and drops empty entries', (value, entries) => {
  expect(withVariables({ OTEL_TEST_LIST: value }, () => readList('OTEL_TEST_LIST'))).toEqual(entries);
});

test('an empty variable is the same as an unset one, as for all OTEL_ variables', () => {
  expect(withVariables({ OTEL_TEST_LIST: '' }, () => readList('OTEL_TEST_LIST'))).toBeUndefined();
});
