import { expect, test } from '@jest/globals';
import { withVariables } from '@otel-middleware/testbed/variables';
import { knownMethods, methodInName, normalizedMethod } from '../../src/http/method.js';

const VARIABLE = 'OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS';

test('knows the ten methods of the convention, QUERY among them (span:method-known)', () => {
  expect([...knownMethods()].sort()).toEqual([
    'CONNECT',
    'DELETE',
    'GET',
    'HEAD',
    'OPTIONS',
    'PATCH',
    'POST',
    'PUT',
    'QUERY',
    'TRACE',
  ]);
});

test('the environment replaces the known methods in full (span:method-known)', () => {
  expect([...withVariables({ [VARIABLE]: 'GET, PURGE' }, knownMethods)]).toEqual(['GET', 'PURGE']);
});

test('an empty variable keeps the default (span:method-known)', () => {
  expect(withVariables({ [VARIABLE]: '' }, knownMethods).has('GET')).toBe(true);
});

test.each([
  ['GET', 'GET', 'GET'],
  ['PURGE', '_OTHER', 'HTTP'],
  ['get', '_OTHER', 'HTTP'],
  ['', '_OTHER', 'HTTP'],
  ['constructor', '_OTHER', 'HTTP'],
])(
  'the token %j is the attribute %s and begins the name as %s (span:method-other)',
  (token, method, inName) => {
    expect(normalizedMethod(token, knownMethods())).toBe(method);
    expect(methodInName(method)).toBe(inName);
  },
);
