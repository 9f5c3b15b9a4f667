import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compileTrustedHeaders } from '../src/trusted-headers.js';

const OWNER = '@otel-middleware/fetch-handler';

function told(names: readonly string[], headers: Record<string, string>): object | undefined {
  const known = compileTrustedHeaders(OWNER, names)?.((name) => headers[name]);
  return known && Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined));
}

describe('[attribute:proxy-trusted] what trusted headers tell', () => {
  test.each([
    ['one address', ['cf-connecting-ip'], { 'cf-connecting-ip': '203.0.113.9' }, { address: '203.0.113.9' }],
    [
      'names in any case',
      ['CF-Connecting-IP'],
      { 'cf-connecting-ip': '203.0.113.9' },
      { address: '203.0.113.9' },
    ],
    [
      'the last hop',
      ['x-forwarded-for'],
      { 'x-forwarded-for': '6.6.6.6, 203.0.113.9' },
      { address: '203.0.113.9' },
    ],
    [
      'with its port',
      ['x-forwarded-for'],
      { 'x-forwarded-for': '203.0.113.9:4711' },
      { address: '203.0.113.9', port: 4711 },
    ],
    ['IPv6', ['x-real-ip'], { 'x-real-ip': '2001:db8::9' }, { address: '2001:db8::9' }],
    ['mapped IPv4', ['x-real-ip'], { 'x-real-ip': '::ffff:203.0.113.9' }, { address: '203.0.113.9' }],
    [
      'the first header that is there',
      ['cf-connecting-ip', 'x-forwarded-for'],
      { 'x-forwarded-for': '203.0.113.9' },
      { address: '203.0.113.9' },
    ],
    [
      'the first header that is valid',
      ['cf-connecting-ip', 'x-forwarded-for'],
      { 'cf-connecting-ip': 'unknown', 'x-forwarded-for': '203.0.113.9:80' },
      { address: '203.0.113.9', port: 80 },
    ],
    [
      'address and port of one header',
      ['cf-connecting-ip', 'x-forwarded-for'],
      { 'cf-connecting-ip': '203.0.113.7', 'x-forwarded-for': '203.0.113.9:80' },
      { address: '203.0.113.7' },
    ],
    [
      'scheme and host',
      ['x-forwarded-proto', 'x-forwarded-host'],
      {
        'x-forwarded-proto': 'http, HTTPS',
        'x-forwarded-host': 'evil.example, shop.example:8443',
        'x-forwarded-for': '6.6.6.6',
      },
      { proto: 'https', host: 'shop.example:8443' },
    ],
    [
      'Forwarded, its last element',
      ['forwarded'],
      { forwarded: 'for=6.6.6.6;proto=http, For="[2001:db8::9]:4711"; Proto=https;host="shop.example:8443"' },
      { address: '2001:db8::9', port: 4711, proto: 'https', host: 'shop.example:8443' },
    ],
    [
      'quoted commas and escapes',
      ['forwarded'],
      { forwarded: 'for=203.0.113.9;by="a, \\"b";host="shop\\.example"' },
      { address: '203.0.113.9', host: 'shop.example' },
    ],
    ['what the client wrote, not', ['forwarded'], { forwarded: 'for=6.6.6.6, ' }, {}],
    ['obfuscated nodes, not', ['forwarded'], { forwarded: 'for=_hidden;proto=gopher;host="a b"' }, {}],
    [
      'headers that are not named, not',
      ['x-real-ip'],
      { 'x-forwarded-for': '6.6.6.6', forwarded: 'for=6.6.6.6' },
      {},
    ],
  ])('%s', (_case, names, headers, expected) => {
    expect(told(names, headers as unknown as Record<string, string>)).toEqual(expected);
  });

  test('[robust:fuzz] no text makes them throw or take long', () => {
    const text = fc.string({
      unit: fc.constantFrom('f', 'o', 'r', '=', ';', ',', '"', '\\', ' ', '[', ']', ':', '1', '.'),
      maxLength: 5000,
    });
    fc.assert(
      fc.property(text, (forwarded) => {
        const started = performance.now();
        told(['forwarded', 'x-forwarded-for'], { forwarded, 'x-forwarded-for': forwarded });
        return performance.now() - started < 200;
      }),
    );
    const begun = performance.now();
    told(['forwarded'], { forwarded: 'for="'.repeat(4000) });
    told(['forwarded'], { forwarded: 'a'.repeat(16_000) });
    expect(performance.now() - begun).toBeLessThan(500);
  });
});

test('[attribute:proxy-untrusted] nothing is trusted by default', () => {
  expect([compileTrustedHeaders(OWNER, undefined), compileTrustedHeaders(OWNER, [])]).toEqual([
    undefined,
    undefined,
  ]);
});

test.each([[true], [1], ['x-forwarded-for'], [['x forwarded']], [['']], [[1]], [['127.0.0.1']], [['::1']]])(
  '[robust:options] %j is no list of header names',
  (value) => {
    expect(() => compileTrustedHeaders(OWNER, value as never)).toThrow(
      /^@otel-middleware\/fetch-handler: option "trustProxy" must be an array of header names, not .*x-forwarded-for/,
    );
  },
);
