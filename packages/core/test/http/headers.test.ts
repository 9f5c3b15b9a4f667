import { describe, expect, test } from '@jest/globals';
import type { Attributes } from '@opentelemetry/api';
import type { HeaderNames, HeaderReader } from '../../src/http/headers.js';
import { captureHeaders, compileHeaderCapture, compileSanitization } from '../../src/http/headers.js';

type Headers = Record<string, readonly string[]>;

const reader: HeaderReader<Headers> = {
  keys: (headers) => Object.keys(headers),
  headerValues: (headers, name) => headers[name]?.slice(),
};

function captured(
  names: HeaderNames,
  headers: Headers,
  redacted = compileSanitization([], false),
): Attributes {
  const attributes: Attributes = {};
  const capture = compileHeaderCapture(names, 'http.request.header.', redacted);
  if (capture !== undefined) captureHeaders(capture, headers, reader, attributes);
  return attributes;
}

describe('capture', () => {
  const headers: Headers = {
    accept: ['text/html', 'application/json'],
    cookie: ['a=1'],
    'x-tenant-id': ['acme'],
    'x-tenant-name': ['Acme'],
    'my-x-tenant-id': ['other'],
  };

  test('no names cost nothing: there is nothing to run', () => {
    expect(compileHeaderCapture([], 'http.request.header.', () => false)).toBeUndefined();
  });

  test('a name captures exactly its header, as an array with every value (header:capture, header:values)', () => {
    expect(captured(['accept', 'x-tenant-id'], headers)).toEqual({
      'http.request.header.accept': ['text/html', 'application/json'],
      'http.request.header.x-tenant-id': ['acme'],
    });
  });

  test('the key is in lower case and keeps its dashes and underscores (header:key)', () => {
    expect(captured(['X-Tenant-Id', 'UNDER_SCORE'], { ...headers, under_score: ['1'] })).toEqual({
      'http.request.header.x-tenant-id': ['acme'],
      'http.request.header.under_score': ['1'],
    });
  });

  test.each<[string | RegExp]>([
    ['x-tenant-.*'],
    ['X-TENANT-.*'],
    [/x-tenant-.*/],
    [/X-Tenant-.*/],
    [/x-tenant-.*/g],
    [/x-tenant-.*/y],
  ])('the pattern %p matches whole names, whatever their case and its flags (header:capture)', (pattern) => {
    const once = {
      'http.request.header.x-tenant-id': ['acme'],
      'http.request.header.x-tenant-name': ['Acme'],
    };
    expect(captured([pattern], headers)).toEqual(once);
    const capture = compileHeaderCapture([pattern], 'http.request.header.', () => false);
    for (let call = 0; call < 3; call++) {
      const attributes: Attributes = {};
      captureHeaders(capture as NonNullable<typeof capture>, headers, reader, attributes);
      expect(attributes).toEqual(once);
    }
  });

  test('a pattern never matches a part of a name (header:capture)', () => {
    expect(captured(['tenant.?', /x-tenant/], headers)).toEqual({});
  });

  test('an alternation is bound to the whole name on both sides (header:capture)', () => {
    expect(captured(['accept|x-tenant-id'], { ...headers, 'accept-language': ['de'] })).toEqual({
      'http.request.header.accept': ['text/html', 'application/json'],
      'http.request.header.x-tenant-id': ['acme'],
    });
  });

  test('flags that change what a pattern means are kept (header:capture)', () => {
    expect(captured([/x-\p{L}+/u], { 'x-abc': ['1'], 'x-1': ['2'] })).toEqual({
      'http.request.header.x-abc': ['1'],
    });
  });

  test('a header that was not sent has no attribute (header:capture)', () => {
    expect(captured(['x-absent', 'x-none-.*'], headers)).toEqual({});
  });

  test('a name and a pattern for one header capture it once (header:capture)', () => {
    expect(captured(['accept', 'acc.*', 'ACCEPT'], headers)).toEqual({
      'http.request.header.accept': ['text/html', 'application/json'],
    });
  });

  test('values that are not ASCII are kept as they are (header:values)', () => {
    expect(captured(['x-a'], { 'x-a': ['\u00e9\u0001', ''] })).toEqual({
      'http.request.header.x-a': ['\u00e9\u0001', ''],
    });
  });

  test.each(['a)(b', 'x)|(y', '(', '[a'])(
    'the invalid pattern %j is refused by its own text (header:capture)',
    (pattern) => {
      expect(() => compileHeaderCapture(['fine', pattern], 'p.', () => false)).toThrow(
        expect.objectContaining({
          name: 'SyntaxError',
          message: expect.stringContaining(`/${pattern}/`) as unknown as string,
        }),
      );
    },
  );
});

describe('sanitising', () => {
  const redacted = compileSanitization([], false);

  test.each([
    'authorization',
    'Authorization',
    'proxy-authorization',
    'x-forwarded-authorization',
    'cookie',
    'cookie2',
    'set-cookie',
    'set-cookie2',
    'x-api-key',
    'x-apikey',
    'api-key',
    'apikey',
    'api_key',
    'x_api_key',
    'x-auth-key',
    'x-secret-key',
    'x-functions-key',
    'ocp-apim-subscription-key',
    'x-goog-api-key',
    'x-amz-server-side-encryption-customer-key',
    'x-goog-encryption-key',
    'x-ms-encryption-key',
    'x-amz-security-token',
    'x-auth-token',
    'x-access-token',
    'x-accesstoken',
    'x-amzn-oidc-accesstoken',
    'x-csrf-token',
    'x-xsrf-token',
    'x-gitlab-token',
    'x-goog-iap-jwt-assertion',
    'cf-access-jwt-assertion',
    'x-client-secret',
    'x-password',
    'x-credential',
    'x-session-id',
    'session_id',
    'x-session',
  ])('%s carries a credential (header:sanitize)', (name) => {
    expect(redacted(name)).toBe(true);
  });

  test.each([
    'x-author',
    'x-authority',
    'authorization-mode',
    'www-authenticate',
    'x-tokenizer',
    'x-token-count',
    'x-secretary',
    'content-type',
    'user-agent',
    'x-request-id',
    'x-tenant-id',
    'idempotency-key',
    'sec-websocket-key',
    'surrogate-key',
    'cookies-accepted',
    'host',
    'traceparent',
  ])('%s carries none (header:sanitize)', (name) => {
    expect(redacted(name)).toBe(false);
  });

  test('the key stays, and every value becomes [REDACTED], also under the capture of everything (header:sanitize)', () => {
    const headers = { authorization: ['Bearer abc'], 'set-cookie': ['a=1', 'b=2'], 'x-author': ['me'] };
    const expected = {
      'http.request.header.authorization': ['[REDACTED]'],
      'http.request.header.set-cookie': ['[REDACTED]', '[REDACTED]'],
      'http.request.header.x-author': ['me'],
    };
    expect(captured(['.*'], headers)).toEqual(expected);
    expect(captured(['authorization', 'set-cookie', 'x-author'], headers)).toEqual(expected);
  });

  test.each<[string | RegExp]>([['session'], ['SESSION'], [/session/g], [/SESSION/y]])(
    'the own entry %p is searched in the name and added to the defaults (header:sanitize)',
    (entry) => {
      const own = compileSanitization([entry], false);
      for (let call = 0; call < 3; call++) {
        expect(['x-session-hint', 'authorization', 'x-author'].map(own)).toEqual([true, true, false]);
      }
    },
  );

  test('replaceDefaults lifts the defaults, and only that does (header:sanitize)', () => {
    expect(compileSanitization([], true)('authorization')).toBe(false);
    const own = compileSanitization(['x-author'], true);
    expect(['authorization', 'x-author'].map(own)).toEqual([false, true]);
  });

  test('an invalid pattern is refused by its own text (header:sanitize)', () => {
    expect(() => compileSanitization(['('], false)).toThrow(/\/\(\//);
  });
});
