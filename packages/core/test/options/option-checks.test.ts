import { describe, expect, test } from '@jest/globals';
import type { Check } from '../../src/options/option-checks.js';
import { COMMON_CHECKS, hasMethod, isFunction, validateOptions } from '../../src/options/option-checks.js';

const CHECKS: Record<string, Check> = {
  hook: [isFunction, 'a function'],
  name: [(value) => typeof value === 'string', 'text'],
};

describe('options (robust:options)', () => {
  test.each<[object]>([
    [{}],
    [{ hook: () => {} }],
    [{ name: 'x', hook: undefined }],
    [Object.freeze({ name: '' })],
  ])('%p pass', (options) => {
    expect(() => validateOptions('owner', options, CHECKS)).not.toThrow();
  });

  test.each<[unknown, string]>([
    [{ hook: 'x' }, 'owner: option "hook" must be a function.'],
    [{ name: null }, 'owner: option "name" must be text.'],
    [{ nam: 'x' }, 'owner: there is no option "nam". Remove it, or use one of other, hook, name.'],
    [{ toString: 'x' }, 'owner: there is no option "toString". Remove it, or use one of other, hook, name.'],
    [
      Object.assign(Object.create({}), { nam: 'x' }),
      'owner: options must be a plain object. Was a function registered that was to be called, as in app.use(opentelemetry())?',
    ],
    [null, 'owner: options must be an object. Leave the argument out for the defaults.'],
    ['x', 'owner: options must be an object. Leave the argument out for the defaults.'],
    [[], 'owner: options must be an object. Leave the argument out for the defaults.'],
  ])('%p fail: %s', (options, message) => {
    expect(() => validateOptions('owner', options, CHECKS, ['other'])).toThrow(new TypeError(message));
  });
});

test.each<[unknown, boolean]>([
  [{ inject: () => {} }, true],
  [Object.create({ inject: () => {} }), true],
  [{ inject: 1 }, false],
  [{}, false],
  [null, false],
  [undefined, false],
  ['text', false],
])('an object with the method: %p, %j', (value, expected) => {
  expect(hasMethod('inject')(value)).toBe(expected);
});

test.each<[keyof typeof COMMON_CHECKS, unknown[], unknown[]]>([
  ['excludedUrls', ['a,b', [], ['a', /b/, () => true]], [1, [1], /a/, null]],
  ['captureRequestHeaders', [[], ['a', /b/]], ['a', [() => true], {}]],
  ['captureResponseHeaders', [[], ['a', /b/]], ['a', [null]]],
  [
    'sanitizeHeaders',
    [['a'], { replaceDefaults: true, names: [] }],
    [{ names: [] }, { replaceDefaults: false, names: [] }, 'a', null],
  ],
  ['requestHook', [() => {}], [{}, null]],
  ['responseHook', [async () => {}], ['x']],
  ['tracerProvider', [{ getTracer: () => {} }], [{}, null, () => {}]],
  ['meterProvider', [{ getMeter: () => {} }], [{ getTracer: () => {} }]],
  ['propagator', [{ extract: () => {}, inject: () => {} }], [{ extract: () => {} }, { inject: () => {} }]],
])('%s takes %p and refuses %p (robust:options)', (option, valid, invalid) => {
  const [check] = COMMON_CHECKS[option];
  expect(valid.map(check)).toEqual(valid.map(() => true));
  expect(invalid.map(check)).toEqual(invalid.map(() => false));
});
