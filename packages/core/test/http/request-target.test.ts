import { describe, expect, test } from '@jest/globals';
import { withVariables } from '@otel-middleware/testbed/variables';
import fc from 'fast-check';
import { pathOf, queryOf, queryRedaction } from '../../src/http/request-target.js';

const VARIABLE = 'OTEL_INSTRUMENTATION_SANITIZATION_URL_SENSITIVE_QUERY_PARAMETERS';
const SEVEN = [
  'AWSAccessKeyId',
  'Signature',
  'X-Amz-Credential',
  'X-Amz-Security-Token',
  'X-Amz-Signature',
  'X-Goog-Signature',
  'sig',
];

test.each([
  ['/', '/', undefined],
  ['/orders/42', '/orders/42', undefined],
  ['/orders/42?expand=items', '/orders/42', 'expand=items'],
  ['/orders?', '/orders', undefined],
  ['/orders??', '/orders', '?'],
  ['/a?b?c', '/a', 'b?c'],
  ['//host/p?q', '//host/p', 'q'],
  ['/a/../b/./c', '/a/../b/./c', undefined],
  ['/%zz%2F', '/%zz%2F', undefined],
  ['/http://x/y', '/http://x/y', undefined],
  ['*', '*', undefined],
  ['example.com:443', 'example.com:443', undefined],
  ['http://example.com/p/q?x=1', '/p/q', 'x=1'],
  ['http://example.com', '/', undefined],
  ['http://example.com?x=/y', '/', 'x=/y'],
  ['?x=1', '', 'x=1'],
])(
  'the target %j has the path %j and the query %j (attribute:path, attribute:query)',
  (target, path, query) => {
    expect(pathOf(target)).toBe(path);
    expect(queryOf(target)).toBe(query);
  },
);

describe('redaction of the query', () => {
  const redact = queryRedaction();

  test.each(SEVEN)('redacts %s, alone, first, in the middle and last (attribute:query-redacted)', (key) => {
    expect(redact(`${key}=secret`)).toBe(`${key}=REDACTED`);
    expect(redact(`${key}=secret&a=1`)).toBe(`${key}=REDACTED&a=1`);
    expect(redact(`a=1&${key}=secret&b=2`)).toBe(`a=1&${key}=REDACTED&b=2`);
    expect(redact(`a=1&${key}=secret`)).toBe(`a=1&${key}=REDACTED`);
  });

  test.each([
    ['?a=&sig=s&q=a%20b&flag&a=2', '?a=&sig=REDACTED&q=a%20b&flag&a=2'],
    ['sig=1&sig=2&sig=3', 'sig=REDACTED&sig=REDACTED&sig=REDACTED'],
    ['sig=', 'sig=REDACTED'],
    ['sig=a=b=c&d=e', 'sig=REDACTED&d=e'],
    ['sig=a;b,c/d?e#f', 'sig=REDACTED'],
    ['sig=1&Signature=2', 'sig=REDACTED&Signature=REDACTED'],
  ])('%j becomes %j (attribute:query-redacted)', (query, redacted) => {
    expect(redact(query)).toBe(redacted);
  });

  test.each([
    'SIG=1',
    'mysig=1',
    'sig2=1',
    'sig',
    'signature=1',
    'x-amz-signature=1',
    'a=sig=1',
    'sig%3D1',
    ' sig=1',
    '&',
    '',
  ])('leaves %j alone (attribute:query-redacted)', (query) => {
    expect(redact(query)).toBe(query);
  });

  test('the same function gives the same answer on every call', () => {
    for (let call = 0; call < 4; call++) expect(redact('sig=1&a=2')).toBe('sig=REDACTED&a=2');
  });

  test('the list of the environment replaces the seven, its characters taken literally (attribute:query-redacted)', () => {
    const own = withVariables({ [VARIABLE]: 'token, a.b[0]' }, queryRedaction);
    expect(own('token=1&sig=2&a.b[0]=3&axb[0]=4')).toBe('token=REDACTED&sig=2&a.b[0]=REDACTED&axb[0]=4');
  });

  test('bytes outside the values of sensitive keys never change (attribute:query-redacted)', () => {
    const text = fc.string({ unit: 'binary', maxLength: 12 }).map((value) => value.replaceAll('&', ''));
    const key = fc.oneof(fc.constantFrom(...SEVEN), text);
    const pair = fc.tuple(key, fc.option(text, { nil: undefined }));
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 8 }), (pairs) => {
        const written = pairs.map(([name, value]) => (value === undefined ? name : `${name}=${value}`));
        const expected = written.map((member) => {
          const name = member.slice(0, member.indexOf('='));
          return member.includes('=') && SEVEN.includes(name) ? `${name}=REDACTED` : member;
        });
        expect(redact(written.join('&'))).toBe(expected.join('&'));
      }),
      { numRuns: 2000 },
    );
  });

  test('a query of 64 kB takes no longer than its length asks for (robust:fuzz)', () => {
    for (const query of ['sig='.repeat(16_000), '&'.repeat(64_000), `${'&sig'.repeat(16_000)}=1`]) {
      const start = performance.now();
      redact(query);
      expect(performance.now() - start).toBeLessThan(100);
    }
  });
});
