import { describe, expect, test } from '@jest/globals';
import { withVariables } from '@otel-middleware/testbed/variables';
import type { HeaderOptions } from '../../src/options/header-options.js';
import { configureHeaders } from '../../src/options/header-options.js';

const PREFIX = 'OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS';

function attributes(
  options: HeaderOptions,
  variables: Record<string, string> = {},
  side: 'SERVER' | 'CLIENT' = 'SERVER',
) {
  const { requestHeaders, responseHeaders } = withVariables(variables, () =>
    configureHeaders('owner', side, options),
  );
  return [requestHeaders, responseHeaders].map((capture) => capture?.exact.map(({ attribute }) => attribute));
}

describe.each(['SERVER', 'CLIENT'] as const)('the headers of a %s (header:capture)', (side) => {
  const variables = { [`${PREFIX}_${side}_REQUEST`]: 'Accept, X-A', [`${PREFIX}_${side}_RESPONSE`]: 'etag' };
  const ofEnvironment = [
    ['http.request.header.accept', 'http.request.header.x-a'],
    ['http.response.header.etag'],
  ];

  test('are none without options and variables', () => {
    expect(attributes({}, {}, side)).toEqual([undefined, undefined]);
  });

  test('are those of its own variables, each message under its own key', () => {
    expect(attributes({}, variables, side)).toEqual(ofEnvironment);
    expect(attributes({}, variables, side === 'SERVER' ? 'CLIENT' : 'SERVER')).toEqual([
      undefined,
      undefined,
    ]);
  });

  test('are those of an option, which beats the variable; an empty one switches it off', () => {
    expect(attributes({ captureRequestHeaders: ['host'] }, variables, side)).toEqual([
      ['http.request.header.host'],
      ofEnvironment[1],
    ]);
    expect(attributes({ captureRequestHeaders: [] }, variables, side)).toEqual([undefined, ofEnvironment[1]]);
    expect(attributes({ captureResponseHeaders: [] }, variables, side)).toEqual([
      ofEnvironment[0],
      undefined,
    ]);
  });
});

describe('sanitising (header:sanitize)', () => {
  const SANITIZE = { [`${PREFIX}_SANITIZE_FIELDS`]: 'x-env-.*' };
  const NAMES = ['authorization', 'x-env-1', 'x-own', 'x-other'];
  const redacted = (options: HeaderOptions, variables: Record<string, string> = {}) => {
    const { requestHeaders } = withVariables(variables, () =>
      configureHeaders('owner', 'SERVER', { captureRequestHeaders: ['.*'], ...options }),
    );
    return NAMES.filter((name) => requestHeaders?.redacted(name));
  };

  test.each<[HeaderOptions, Record<string, string>, string[]]>([
    [{}, {}, ['authorization']],
    [{}, SANITIZE, ['authorization', 'x-env-1']],
    [{ sanitizeHeaders: ['x-own'] }, SANITIZE, ['authorization', 'x-env-1', 'x-own']],
    [{ sanitizeHeaders: [] }, SANITIZE, ['authorization', 'x-env-1']],
    [{ sanitizeHeaders: { replaceDefaults: true, names: ['x-own'] } }, {}, ['x-own']],
    [{ sanitizeHeaders: { replaceDefaults: true, names: [] } }, SANITIZE, ['x-env-1']],
    [{ sanitizeHeaders: { replaceDefaults: true, names: [] } }, {}, []],
  ])('with %p and %j it covers %j', (options, variables, names) => {
    expect(redacted(options, variables)).toEqual(names);
  });
});

test.each<[HeaderOptions, string]>([
  [{ captureRequestHeaders: ['('] }, 'captureRequestHeaders'],
  [{ captureResponseHeaders: ['('] }, 'captureResponseHeaders'],
  [{ sanitizeHeaders: ['('] }, 'sanitizeHeaders'],
])('an invalid pattern in %p is told with its option (robust:options)', (options, option) => {
  expect(() => configureHeaders('owner', 'SERVER', options)).toThrow(
    `owner: option "${option}" contains an invalid pattern: `,
  );
});
