import { describe, expect, test } from '@jest/globals';
import { serverTimingPropagator } from '../../src/http/response-propagators.js';
import { compileRules } from '../../src/server/rules.js';
import type { PlainOptions, PlainRequest, PlainResponse } from '../plain-http.js';
import { instrument, plainResponse } from '../plain-http.js';

const OWNER = '@otel-middleware/plain';
const configured = (options: PlainOptions = {}) =>
  compileRules<PlainRequest, PlainResponse>({
    scope: { name: OWNER, version: '1.2.3' },
    framework: 'plain-http',
    response: plainResponse,
    options,
    adapterOptions: ['trustProxy'],
  });

describe('options that are not valid fail at construction (robust:options)', () => {
  const HEADERS = 'an array of header names or regular expressions';
  test.each<[string, unknown, string]>([
    [
      'excludedUrls',
      42,
      'a comma-separated string, or an array of strings, regular expressions and predicates',
    ],
    [
      'excludedUrls',
      [1],
      'a comma-separated string, or an array of strings, regular expressions and predicates',
    ],
    [
      'excludedUrls',
      /x/,
      'a comma-separated string, or an array of strings, regular expressions and predicates',
    ],
    ['captureRequestHeaders', 'accept', HEADERS],
    ['captureRequestHeaders', [null], HEADERS],
    ['captureResponseHeaders', {}, HEADERS],
    ['captureResponseHeaders', [() => true], HEADERS],
    ['sanitizeHeaders', 'cookie', `${HEADERS}, or { replaceDefaults: true, names: [...] }`],
    ['sanitizeHeaders', { names: ['cookie'] }, `${HEADERS}, or { replaceDefaults: true, names: [...] }`],
    [
      'sanitizeHeaders',
      { replaceDefaults: 'yes', names: [] },
      `${HEADERS}, or { replaceDefaults: true, names: [...] }`,
    ],
    ['sanitizeHeaders', { replaceDefaults: true }, `${HEADERS}, or { replaceDefaults: true, names: [...] }`],
    ['requestHook', {}, 'a function'],
    ['responseHook', 'log', 'a function'],
    ['receiveHook', 'log', 'a function'],
    ['sendHook', {}, 'a function'],
    ['messageSpans', 'true', 'a boolean'],
    ['publicEndpoint', 'true', 'a boolean or a predicate'],
    ['responsePropagator', {}, 'a TextMapPropagator, such as serverTimingPropagator'],
    ['responsePropagator', true, 'a TextMapPropagator, such as serverTimingPropagator'],
    ['optIn', 'client.port', 'an array of these names: client.port, '],
    ['optIn', ['client.prot'], 'an array of these names: client.port, '],
    ['tracerProvider', {}, 'a TracerProvider'],
    ['meterProvider', 1, 'a MeterProvider'],
    ['propagator', () => {}, 'a TextMapPropagator'],
    ['requestHook', null, 'a function'],
    [
      'excludedUrls',
      null,
      'a comma-separated string, or an array of strings, regular expressions and predicates',
    ],
  ])('%s: %p is told to be %s', (option, value, expected) => {
    const options = { [option]: value } as PlainOptions;
    expect(() => configured(options)).toThrow(TypeError);
    expect(() => configured(options)).toThrow(`${OWNER}: option "${option}" must be ${expected}`);
  });

  test.each<[string, unknown, string]>([
    ['captureRequestHeaders', ['x-a', '('], '('],
    ['captureResponseHeaders', ['[x'], '[x'],
    ['sanitizeHeaders', ['x)'], 'x)'],
    ['sanitizeHeaders', { replaceDefaults: true, names: ['+'] }, '+'],
  ])('%s: %p is told which pattern is at fault, and the cure', (option, value, pattern) => {
    const options = { [option]: value } as PlainOptions;
    expect(() => configured(options)).toThrow(TypeError);
    expect(() => configured(options)).toThrow(`/${pattern}/`);
    expect(() => configured(options)).toThrow(`${OWNER}: option "${option}"`);
    expect(() => configured(options)).toThrow('Escape special characters with a backslash.');
  });

  test.each(['excludedurls', 'excludeUrls', 'ignorePaths', 'toString', 'constructor'])(
    '%s is no option, and those that are are listed',
    (name) => {
      const options = { [name]: 'x' } as PlainOptions;
      expect(() => configured(options)).toThrow(TypeError);
      expect(() => configured(options)).toThrow(
        `${OWNER}: there is no option "${name}". Remove it, or use one of trustProxy, excludedUrls, `,
      );
    },
  );

  test.each([null, 'x', 3, [], () => {}])('%p are no options', (options) => {
    expect(() => configured(options as unknown as PlainOptions)).toThrow(
      `${OWNER}: options must be an object.`,
    );
  });
});

describe('the object of the caller (robust:options)', () => {
  const complete = (): Required<PlainOptions> => ({
    excludedUrls: ['healthz', /x/g],
    captureRequestHeaders: ['Accept'],
    captureResponseHeaders: [/X-.*/],
    sanitizeHeaders: { replaceDefaults: true, names: ['cookie'] },
    requestHook: () => {},
    responseHook: () => {},
    receiveHook: () => {},
    sendHook: () => {},
    messageSpans: true,
    publicEndpoint: () => true,
    responsePropagator: serverTimingPropagator,
    optIn: ['client.port', 'http.server.active_requests'],
    tracerProvider: undefined,
    meterProvider: undefined,
    propagator: undefined,
  });

  test('may be frozen, all the way down, and is never changed', () => {
    const options = complete();
    const freeze = (value: unknown): void => {
      if (typeof value !== 'object' || value === null || value instanceof RegExp || Object.isFrozen(value))
        return;
      Object.freeze(value);
      Object.values(value).forEach(freeze);
    };
    freeze(options);
    expect(() => instrument(options)).not.toThrow();
    expect(JSON.stringify(options)).toBe(JSON.stringify(complete()));
  });

  test('can be changed later without any effect', () => {
    const options = {
      excludedUrls: ['healthz'],
      captureRequestHeaders: ['accept'],
      optIn: ['client.port' as const],
    };
    const { isExcluded, requestHeaders, optIn } = configured(options);
    options.excludedUrls.push('readyz');
    options.captureRequestHeaders.push('cookie');
    options.optIn.length = 0;
    expect(isExcluded?.({}, '/readyz')).toBe(false);
    expect(requestHeaders?.exact.map(({ name }) => name)).toEqual(['accept']);
    expect([...optIn]).toEqual(['client.port']);
  });

  test('may hold an explicit undefined for every option, which means the default', () => {
    const names = Object.keys(complete());
    const options = Object.fromEntries(names.map((name) => [name, undefined])) as PlainOptions;
    // Functions that every compilation makes anew.
    const own = {
      redactQuery: expect.any(Function),
      recordException: expect.any(Function),
      reportFailure: expect.any(Function),
    };
    expect(configured(options)).toEqual({ ...configured(), ...own });
  });
});
