import { describe, expect, test } from '@jest/globals';
import type { NodeRequestLike } from '@otel-middleware/core/node';
import fc from 'fast-check';
import type { Trust, TrustProxy } from '../src/forwarded.js';
import { compileTrust, forwardedBy } from '../src/forwarded.js';
import { instrumentListener } from '../src/index.js';

type Headers = Record<string, string>;

const PROXY = '10.0.0.1';

/** Reads what trusted proxies say, as `nodeRequest` does, from the parts of a request that are read. */
function forwardedOf(request: Pick<NodeRequestLike, 'headers'> & { socket: object }, trust: Trust) {
  return forwardedBy(() => trust)(undefined, request as NodeRequestLike);
}

function told(trustProxy: TrustProxy, headers: Headers, remoteAddress: string | undefined = PROXY) {
  return forwardedOf({ headers, socket: { remoteAddress } }, compileTrust(trustProxy) as Trust);
}

const NOTHING = { address: undefined, port: undefined, proto: undefined, host: undefined };

describe('who is trusted (attribute:proxy-untrusted)', () => {
  test.each([undefined, false, 0])('with %p nobody is', (trustProxy) => {
    expect(compileTrust(trustProxy)).toBeUndefined();
  });

  test.each<[TrustProxy, string, boolean]>([
    [true, '203.0.113.1', true],
    [1, '203.0.113.1', true],
    ['10.0.0.1', '10.0.0.1', true],
    ['10.0.0.1', '10.0.0.2', false],
    ['10.0.0.0/8', '10.9.9.9', true],
    ['192.0.2.1, 10.0.0.0/8', '10.9.9.9', true],
    [['192.0.2.1', '10.0.0.0/8'], '10.9.9.9', true],
    [' 10.0.0.1 ', '10.0.0.1', true],
    ['loopback', '127.0.0.1', true],
    ['loopback', '::1', true],
    ['loopback', '10.0.0.1', false],
    ['uniquelocal', '10.0.0.1', true],
    ['linklocal', '169.254.1.1', true],
    ['10.0.0.0/8', '::ffff:10.0.0.1', true],
    ['2001:db8::/32', '2001:db8::7', true],
    [(address) => address === '203.0.113.9', '203.0.113.9', true],
    [(address) => address === '203.0.113.9', '203.0.113.8', false],
    [
      () => {
        throw new Error('broken');
      },
      '10.0.0.1',
      false,
    ],
  ])('with %p the peer %s: %j', (trustProxy, peer, trusted) => {
    const headers = { 'x-forwarded-for': '198.51.100.7' };
    expect(told(trustProxy, headers, peer)).toEqual(
      trusted ? { ...NOTHING, address: '198.51.100.7' } : undefined,
    );
  });

  test.each<[TrustProxy, boolean]>([
    [true, true],
    [1, true],
    ['loopback', false],
    [(address) => address === '', true],
  ])('with %p a proxy on a UNIX socket: %j', (trustProxy, trusted) => {
    const trust = compileTrust(trustProxy) as Trust;
    const request = { headers: { 'x-forwarded-for': '198.51.100.7' }, socket: {} };
    expect(forwardedOf(request, trust)?.address).toBe(trusted ? '198.51.100.7' : undefined);
  });

  test.each<[unknown]>([
    [{}],
    [null],
    [Symbol('x')],
    [['10.0.0.1', 7]],
    [Number.NaN],
    [-1],
    [1.5],
    ['10.0.0'],
    ['nobody'],
    [['10.0.0.0/99']],
    [''],
  ])('%p is refused, with the option and its forms (robust:options)', (trustProxy) => {
    const options = { trustProxy: trustProxy as TrustProxy };
    expect(() => instrumentListener(() => {}, options)).toThrow(TypeError);
    expect(() => instrumentListener(() => {}, options)).toThrow(
      'option "trustProxy" must be a boolean, a number of hops, addresses or subnets, or a function',
    );
  });
});

describe('X-Forwarded-* (attribute:proxy-trusted)', () => {
  const CHAIN = '198.51.100.66, 203.0.113.7, 10.0.0.2';

  test.each<[TrustProxy, string | undefined]>([
    [1, '10.0.0.2'],
    [2, '203.0.113.7'],
    [3, '198.51.100.66'],
    [9, '198.51.100.66'],
    [true, '198.51.100.66'],
    ['10.0.0.0/8', '203.0.113.7'],
    [(_address, distance) => distance < 2, '203.0.113.7'],
  ])(
    'with %p the client is found behind as many proxies as are trusted, spoofed hops are ignored',
    (trustProxy, address) => {
      expect(told(trustProxy, { 'x-forwarded-for': CHAIN })?.address).toBe(address);
    },
  );

  test.each([
    ['203.0.113.7', '203.0.113.7', undefined],
    [' 203.0.113.7 ', '203.0.113.7', undefined],
    ['203.0.113.7:4711', '203.0.113.7', 4711],
    ['2001:db8::1', '2001:db8::1', undefined],
    ['[2001:db8::1]', '2001:db8::1', undefined],
    ['[2001:db8::1]:4711', '2001:db8::1', 4711],
    ['::ffff:203.0.113.7', '203.0.113.7', undefined],
    ['unknown', undefined, undefined],
    ['_hidden', undefined, undefined],
    ['client.example', undefined, undefined],
    ['203.0.113.999', undefined, undefined],
    ['', undefined, undefined],
    ['<script>', undefined, undefined],
  ])('For: %j names the client %j with port %j', (value, address, port) => {
    expect(told(1, { 'x-forwarded-for': value })).toEqual({ ...NOTHING, address, port });
  });

  test('a trusted hop is one also where its port is told', () => {
    expect(told('10.0.0.0/8', { 'x-forwarded-for': '203.0.113.7, 10.0.0.2:555' })?.address).toBe(
      '203.0.113.7',
    );
  });

  test.each([
    ['https', 'https'],
    ['HTTPS', 'https'],
    ['http', 'http'],
    ['ftp', undefined],
    ['', undefined],
    ['javascript:alert(1)', undefined],
  ])('Proto: %j is the scheme %j', (value, proto) => {
    expect(told(1, { 'x-forwarded-proto': value })).toEqual({ ...NOTHING, proto });
  });

  test.each([
    ['shop.example', 'shop.example'],
    ['shop.example:8443', 'shop.example:8443'],
    ['[2001:db8::1]:8443', '[2001:db8::1]:8443'],
    ['a b', undefined],
    ['evil.example/path', undefined],
    ['', undefined],
  ])('Host: %j is the host %j', (value, host) => {
    expect(told(1, { 'x-forwarded-host': value })).toEqual({ ...NOTHING, host });
  });

  test('of lists of the same length, each is read as far as the addresses are trusted', () => {
    const headers = {
      'x-forwarded-for': '198.51.100.66, 203.0.113.7',
      'x-forwarded-proto': 'ftp, https',
      'x-forwarded-host': 'evil.example, shop.example',
    };
    expect(told(1, headers)).toEqual({
      address: '203.0.113.7',
      port: undefined,
      proto: 'https',
      host: 'shop.example',
    });
    expect(told('10.0.0.0/8', headers)).toEqual({
      address: '203.0.113.7',
      port: undefined,
      proto: 'https',
      host: 'shop.example',
    });
  });

  test('of a proxy that replaces proto and host, and appends to the addresses, the one value counts', () => {
    const headers = {
      'x-forwarded-for': '203.0.113.7, 10.0.0.2',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'shop.example',
    };
    expect(told('10.0.0.0/8', headers)).toEqual({
      address: '203.0.113.7',
      port: undefined,
      proto: 'https',
      host: 'shop.example',
    });
  });

  test('when there is any, Forwarded is not read: the client may have sent it', () => {
    const headers = { 'x-forwarded-proto': 'https', forwarded: 'for=198.51.100.66;host=evil.example' };
    expect(told(1, headers)).toEqual({ ...NOTHING, proto: 'https' });
  });
});

describe('Forwarded (attribute:proxy-trusted)', () => {
  test.each<[string, Partial<typeof NOTHING | Record<string, unknown>>]>([
    ['for=203.0.113.7', { address: '203.0.113.7' }],
    [
      'For=203.0.113.7;Proto=HTTPS;Host=shop.example',
      { address: '203.0.113.7', proto: 'https', host: 'shop.example' },
    ],
    ['for="203.0.113.7:4711"', { address: '203.0.113.7', port: 4711 }],
    ['for=203.0.113.7:4711', { address: '203.0.113.7', port: 4711 }],
    ['for="[2001:db8::1]"', { address: '2001:db8::1' }],
    ['for="[2001:db8::1]:4711"', { address: '2001:db8::1', port: 4711 }],
    ['for=[2001:db8::1]:4711', { address: '2001:db8::1', port: 4711 }],
    ['host="shop.example:8443"', { host: 'shop.example:8443' }],
    ['host=shop.example:8443;proto=https', { host: 'shop.example:8443', proto: 'https' }],
    ['for=203.0.113.7 ; proto=https', { address: '203.0.113.7', proto: 'https' }],
    ['for=unknown;proto=https', { proto: 'https' }],
    ['for=_hidden;host=shop.example', { host: 'shop.example' }],
    ['for="_hidden:_port"', {}],
    ['by=203.0.113.43;for=203.0.113.7', { address: '203.0.113.7' }],
    ['for=203.0.113.7;secret=abc', { address: '203.0.113.7' }],
    ['proto=ftp;host="a b"', {}],
  ])('%j tells %j', (forwarded, expected) => {
    expect(told(1, { forwarded })).toEqual({ ...NOTHING, ...expected });
  });

  test.each([
    [1, { address: '10.0.0.2', host: 'inner.example' }],
    [2, { address: '203.0.113.7', proto: 'https', host: 'shop.example' }],
    [9, { address: '198.51.100.66', host: 'evil.example' }],
    ['10.0.0.0/8', { address: '203.0.113.7', proto: 'https', host: 'shop.example' }],
  ])(
    'with %p the element is that of the outermost trusted proxy, all of it, and spoofed ones are ignored',
    (trustProxy, expected) => {
      const forwarded =
        'for=198.51.100.66;host=evil.example, for=203.0.113.7;proto=https;host=shop.example, for=10.0.0.2;host=inner.example';
      expect(told(trustProxy, { forwarded })).toEqual({ ...NOTHING, ...expected });
    },
  );

  test('an obfuscated hop is a hop, and is trusted by distance alone', () => {
    const forwarded = 'for=203.0.113.7, for=_proxy';
    expect(told(2, { forwarded })?.address).toBe('203.0.113.7');
    expect(told('10.0.0.0/8', { forwarded })?.address).toBeUndefined();
  });

  test.each([
    'for',
    'for=',
    'for="203.0.113.7',
    'for=203.0.113.7;;',
    '=,=',
    '"',
    'for=203.0.113.7 x',
    '\u00e9',
  ])('%j is malformed, and nothing of it is believed', (forwarded) => {
    expect(told(1, { forwarded }) ?? NOTHING).toEqual(NOTHING);
  });
});

describe('bytes of any kind (robust:fuzz)', () => {
  test('never throw, and never become what is not valid', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.string({ unit: fc.constantFrom(...'for=;,:"[] \\1a.-proto'), maxLength: 60 }),
    );
    const headers = fc.record(
      { forwarded: value, 'x-forwarded-for': value, 'x-forwarded-proto': value, 'x-forwarded-host': value },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        headers,
        fc.constantFrom<TrustProxy>(true, 1, 3, 'loopback, 10.0.0.0/8'),
        (each, trustProxy) => {
          const { address, port, proto, host } = told(trustProxy, each) ?? NOTHING;
          if (address !== undefined) expect(address).toMatch(/^[\d.]+$|^[\da-f:.]+$/i);
          if (port !== undefined) expect(port).toBeLessThan(65_536);
          if (proto !== undefined) expect(proto).toMatch(/^https?$/);
          if (host !== undefined) expect(host).not.toMatch(/[\s/?#@]/);
        },
      ),
      { numRuns: 1500 },
    );
  });

  test.each([
    ['=', 16_000],
    ['for=', 4000],
    ['for=a,', 2600],
    [',', 16_000],
    ['[', 16_000],
    ['=:', 8000],
    ['"', 16_000],
    ['a', 16_000],
    ['for=":",', 2000],
    [' ', 16_000],
  ])('sixteen kilobytes of %j take no longer than their length asks for', (part, times) => {
    for (const name of ['forwarded', 'x-forwarded-for', 'x-forwarded-host']) {
      const start = performance.now();
      told('10.0.0.0/8', { [name]: part.repeat(times) });
      told(true, { [name]: part.repeat(times) });
      expect(performance.now() - start).toBeLessThan(150);
    }
  });
});

test('the trust function is asked once per hop and request, however much is read', () => {
  let asked = 0;
  const trust: Trust = () => {
    asked++;
    return true;
  };
  const request = {
    headers: { 'x-forwarded-for': '203.0.113.7, 10.0.0.2', 'x-forwarded-proto': 'https' },
    socket: { remoteAddress: PROXY },
  };
  for (let read = 0; read < 4; read++) forwardedOf(request, trust);
  expect(asked).toBe(2);
});
