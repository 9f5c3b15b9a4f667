import { isIP } from 'node:net';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { forwardedNode, parseAuthority, plainAddress } from '../../src/http/host.js';

test.each([
  ['example.com', 'example.com', undefined],
  ['api.example.com:8443', 'api.example.com', 8443],
  ['EXAMPLE.com', 'EXAMPLE.com', undefined],
  ['example.com:', 'example.com', undefined],
  ['127.0.0.1:80', '127.0.0.1', 80],
  ['[::1]', '::1', undefined],
  ['[2001:db8::1]:8080', '2001:db8::1', 8080],
  ['[fe80::1%25eth0]:80', 'fe80::1%25eth0', 80],
  ['xn--bcher-kva.example', 'xn--bcher-kva.example', undefined],
  ['my_service', 'my_service', undefined],
  ['a:65535', 'a', 65_535],
])('%j names %j and port %j (attribute:host)', (authority, address, port) => {
  expect(parseAuthority(authority)).toEqual({ address, port });
});

test.each([
  '',
  ' ',
  ':80',
  'a b',
  'a:b',
  'a:80:90',
  'a:65536',
  'a:123456',
  'a:-1',
  'user@example.com',
  'example.com/path',
  'example.com?x',
  'example.com#x',
  '::1',
  '[::1',
  '::1]',
  '[]',
  '[::1]x',
  '[::1]:x',
  'a,b c',
  'exa\tmple.com',
  'http://example.com',
])('%j is no authority (attribute:host)', (authority) => {
  expect(parseAuthority(authority)).toBeUndefined();
});

test('never throws, and an address is never empty, whatever the bytes (attribute:host, robust:fuzz)', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (authority) => {
      const parsed = parseAuthority(authority);
      if (parsed === undefined) return;
      expect(parsed.address).not.toMatch(/^$|[\s/?#@[\]]/);
      if (parsed.port !== undefined)
        expect(Number.isInteger(parsed.port) && parsed.port >= 0 && parsed.port < 65_536).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('every valid host and port comes back as it was (attribute:host)', () => {
  const host = fc.oneof(
    fc.domain(),
    fc.ipV4(),
    fc.ipV6().map((address) => `[${address}]`),
  );
  fc.assert(
    fc.property(host, fc.integer({ min: 0, max: 65_535 }), (name, port) => {
      expect(parseAuthority(`${name}:${port}`)).toEqual({ address: name.replace(/^\[|\]$/g, ''), port });
    }),
  );
});

test('thousands of different hosts are parsed right, so the bounded cache never answers for another (attribute:host)', () => {
  for (let round = 0; round < 2; round++) {
    for (let index = 0; index < 800; index++) {
      expect(parseAuthority(`host-${index}:${index}`)).toEqual({ address: `host-${index}`, port: index });
      expect(parseAuthority(`host ${index}`)).toBeUndefined();
    }
  }
});

test.each([
  ['::ffff:127.0.0.1', '127.0.0.1'],
  ['127.0.0.1', '127.0.0.1'],
  ['::1', '::1'],
  ['::ffff:7f00:1', '::ffff:7f00:1'],
  ['', ''],
  [undefined, undefined],
])('the address %j is written as %j (attribute:peer)', (address, plain) => {
  expect(plainAddress(address)).toBe(plain);
});

test.each([
  ['192.0.2.1', '192.0.2.1', undefined],
  ['192.0.2.1:8080', '192.0.2.1', 8080],
  ['255.255.255.255', '255.255.255.255', undefined],
  ['2001:db8::1', '2001:db8::1', undefined],
  ['[2001:db8::1]', '2001:db8::1', undefined],
  ['[2001:db8::1]:80', '2001:db8::1', 80],
  ['::ffff:192.0.2.1', '192.0.2.1', undefined],
  ['[::ffff:192.0.2.1]:80', '192.0.2.1', 80],
])('the forwarded node %j is %j with port %j (attribute:proxy-trusted)', (node, address, port) => {
  expect(forwardedNode(node)).toEqual({ address, port });
});

test.each([
  'unknown',
  '_hidden',
  '_hidden:80',
  '',
  ' ',
  'localhost',
  '256.0.0.1',
  '1.2.3',
  '1.2.3.4.5',
  ':::',
  '1::2::3',
  '[1.2.3.4',
  '192.0.2.1:99999',
  '%zz',
  '::1%eth0',
])('the forwarded node %j is no address (attribute:proxy-trusted)', (node) => {
  expect(forwardedNode(node)).toBeUndefined();
});

test('of any bytes either an address that Node knows as one, or nothing (robust:fuzz)', () => {
  const nearly = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.string({ unit: fc.constantFrom(...'0123456789abcdef:.[]_'), maxLength: 45 }),
  );
  fc.assert(
    fc.property(nearly, (node) => {
      const found = forwardedNode(node);
      if (isIP(node) !== 0) expect(found).toEqual({ address: plainAddress(node), port: undefined });
      else if (found !== undefined) expect(isIP(found.address)).not.toBe(0);
    }),
    { numRuns: 3000 },
  );
});
