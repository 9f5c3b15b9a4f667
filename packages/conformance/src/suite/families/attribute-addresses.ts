import { networkInterfaces } from 'node:os';
import { expect } from '@jest/globals';
import type { SystemUnderTest } from '../../driver/system-under-test.js';
import type { Exchange } from '../../expect/exchange.js';
import type { Requires } from '../register-tests.js';

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

/** Headers by which anybody can claim to be a proxy. */
const FORWARDING = {
  Forwarded: 'for=198.51.100.9;host=evil.example.com;proto=https',
  'X-Forwarded-For': '198.51.100.9',
  'X-Forwarded-Host': 'evil.example.com',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Port': '444',
  'X-Real-IP': '198.51.100.9',
};

/** Sends a Host header byte for byte. */
async function withHost(app: SystemUnderTest, host: string): Promise<Exchange> {
  const headers = [
    ['Host', host],
    ['Connection', 'close'],
  ] as const;
  const [exchange] = await app.raw({ target: '/nowhere', headers });
  return exchange as Exchange;
}

/** Attributes of client, server and peer. */
export function attributeAddresses(requires: Requires): void {
  requires('attribute:host', 'host and port are read from the Host header', async ({ start }) => {
    const app = await start();
    const hosts = {
      'api.example.com:8443': { 'server.address': 'api.example.com', 'server.port': 8443 },
      'api.example.com': { 'server.address': 'api.example.com', 'server.port': undefined },
      '192.0.2.7:80': { 'server.address': '192.0.2.7', 'server.port': 80 },
      '[2001:db8::7]:8443': { 'server.address': '2001:db8::7', 'server.port': 8443 },
      '[::1]': { 'server.address': '::1', 'server.port': undefined },
    };
    const expected = [];
    for (const [host, attributes] of Object.entries(hosts)) {
      expected.push(app.expected(await withHost(app, host), { attributes }));
    }
    expect(await app.spans(expected.length)).toEqual(expected);
  });

  requires('attribute:host', 'a malformed Host header is left out', async ({ start }) => {
    const app = await start();
    const expected = [];
    for (const host of [
      'exa mple.com',
      'example.com:port',
      'example.com:99999',
      '[::1',
      ':8080',
      '',
      'a@b',
      'exa<m>ple.com',
    ]) {
      const exchange = await withHost(app, host);
      const nothing = { 'server.address': undefined, 'server.port': undefined };
      expected.push(app.expected(exchange, { attributes: nothing }));
    }
    expect(await app.spans(expected.length)).toEqual(expected);
  });

  requires('attribute:host', 'a request without a Host header makes a span', async ({ start }) => {
    const app = await start();
    const [exchange] = await app.raw({ target: '/nowhere', version: '1.0' });
    expect(await app.spans(1)).toEqual([app.expected(exchange as Exchange)]);
  });

  requires(
    'attribute:peer',
    'an IPv4 client of a dual-stack socket is written as IPv4',
    async ({ start }) => {
      if (!hasIpv6)
        return void process.stdout.write('attribute:peer: this machine has no IPv6, so nothing was tried\n');
      const app = await start({ listenOptions: { host: '::', port: 0 } });
      const exchange = await app.ask('order');
      const address = { 'client.address': '127.0.0.1', 'network.peer.address': '127.0.0.1' };
      expect(await app.spans(1)).toEqual([app.expected(exchange, { attributes: address })]);
    },
  );

  requires('attribute:peer', 'an IPv6 client is written without brackets', async ({ start }) => {
    if (!hasIpv6)
      return void process.stdout.write('attribute:peer: this machine has no IPv6, so nothing was tried\n');
    const app = await start({ listenOptions: { host: '::1', port: 0 } });
    const exchange = await app.ask('order');
    const address = { 'client.address': '::1', 'network.peer.address': '::1' };
    expect(await app.spans(1)).toEqual([app.expected(exchange, { attributes: address })]);
  });

  requires(
    ['attribute:proxy-untrusted', 'attribute:peer'],
    'no forwarding header is believed by default',
    async ({ start }) => {
      const app = await start();
      const exchange = await app.ask('order', { headers: FORWARDING });
      expect(await app.spans(1)).toEqual([app.expected(exchange)]);
      expect(await app.durations(1)).toEqual([{ attributes: app.expectedMetric(exchange), count: 1 }]);
    },
  );

  /** Sends headers through a trusted proxy on loopback; the socket's peer must stay what it is. */
  const trusts = (
    behaviour: string,
    headers: Record<string, string>,
    attributes: Record<string, string | number | undefined>,
  ): void =>
    requires(['attribute:proxy-trusted', 'attribute:peer'], behaviour, async ({ start }) => {
      const app = await start({ trustLoopback: true });
      const exchange = await app.ask('order', { headers });
      const expected = app.expected(exchange, { attributes });
      expect(await app.spans(1)).toEqual([expected]);
      const scheme = { 'url.scheme': expected.attributes['url.scheme'] as string };
      const metric = { ...app.expectedMetric(exchange), ...scheme };
      expect(await app.durations(1)).toEqual([{ attributes: metric, count: 1 }]);
    });

  trusts(
    'X-Forwarded headers of a trusted proxy decide client, scheme and server',
    {
      'X-Forwarded-For': '203.0.113.7',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'shop.example.com:8443',
    },
    {
      'client.address': '203.0.113.7',
      'url.scheme': 'https',
      'server.address': 'shop.example.com',
      'server.port': 8443,
    },
  );
  trusts('an IPv6 client is read', { 'X-Forwarded-For': '2001:db8::9' }, { 'client.address': '2001:db8::9' });
  trusts(
    'a hop that the client made up is not believed',
    { 'X-Forwarded-For': '6.6.6.6, 203.0.113.7' },
    { 'client.address': '203.0.113.7' },
  );
  trusts(
    'several trusted hops are followed to the client',
    { 'X-Forwarded-For': '6.6.6.6, 203.0.113.7, 127.0.0.1' },
    { 'client.address': '203.0.113.7' },
  );
  trusts('a client that is no address falls back to the peer', { 'X-Forwarded-For': 'not an address' }, {});
  trusts('an empty X-Forwarded-For falls back to the peer', { 'X-Forwarded-For': '' }, {});
  trusts(
    'a scheme that is none of HTTP’s falls back to the connection',
    { 'X-Forwarded-Proto': 'gopher' },
    {},
  );
  trusts('a host that is none falls back to the Host header', { 'X-Forwarded-Host': 'a b' }, {});
  trusts(
    'Forwarded of a trusted proxy decides client, scheme and server',
    { Forwarded: 'for="[2001:db8:cafe::17]:4711";proto=https;host="shop.example.com:8443"' },
    {
      'client.address': '2001:db8:cafe::17',
      'url.scheme': 'https',
      'server.address': 'shop.example.com',
      'server.port': 8443,
    },
  );
  trusts(
    'of Forwarded only the elements of trusted proxies are believed',
    {
      Forwarded:
        'for=6.6.6.6;proto=http;host=evil.example.com, for=203.0.113.7;proto=https;host=shop.example.com',
    },
    {
      'client.address': '203.0.113.7',
      'url.scheme': 'https',
      'server.address': 'shop.example.com',
      'server.port': undefined,
    },
  );
  trusts('a malformed Forwarded is not believed', { Forwarded: 'for="203.0.113.7;;=,proto' }, {});
  trusts('an obfuscated client in Forwarded falls back to the peer', { Forwarded: 'for=_hidden' }, {});
}
