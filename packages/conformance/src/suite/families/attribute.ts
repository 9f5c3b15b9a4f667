import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { withVariables } from '@otel-middleware/testbed/variables';
import type { Requires } from '../register-tests.js';

/** Attributes of URL, protocol and user agent; those of addresses are in a file of their own. */
export function attribute(requires: Requires): void {
  requires('attribute:start', 'samplers see all that is known of a request', async ({ start }) => {
    const app = await start({ options: { captureRequestHeaders: ['x-tenant-id'] } });
    const headers = { 'X-Tenant-Id': 'acme' };
    const order = await app.request('/orders/42?expand=items', { endpoint: 'order', headers });
    const purge = await app.request('/nowhere', { method: 'PURGE' });
    await app.spans(2);
    expect(app.telemetry.sampled).toEqual([
      { ...app.expectedAtStart(order), 'http.request.header.x-tenant-id': ['acme'] },
      app.expectedAtStart(purge),
    ]);
  });

  requires('attribute:path', 'the path is recorded as it was sent', async ({ start }) => {
    const app = await start();
    const targets = [
      '/nowhere/caf%C3%A9',
      '/nowhere/../a/./b',
      '/nowhere//c/',
      '/nowhere;v=1',
      '//example.com/p',
    ];
    const headers = [
      ['Host', 'example.com'],
      ['Connection', 'close'],
    ] as const;
    const exchanges = [];
    for (const target of targets) exchanges.push(...(await app.raw({ target, headers })));
    const spans = await app.spans(targets.length);
    expect(spans).toEqual(exchanges.map((exchange) => app.expected(exchange)));
    expect(spans.map(({ attributes }) => attributes['url.path'])).toEqual(targets);
  });

  requires('attribute:path', 'of a target in absolute form the path is recorded', async ({ start }) => {
    const app = await start();
    const headers = [
      ['Host', 'example.com'],
      ['Connection', 'close'],
    ] as const;
    const [deep] = await app.raw({ target: 'http://example.com/nowhere/p?x=1', headers });
    const [bare] = await app.raw({ target: 'http://example.com', headers, method: 'DELETE' });
    if (deep === undefined || bare === undefined) throw new Error('not answered');
    expect(await app.spans(2)).toEqual([
      app.expected(deep, { attributes: { 'url.path': '/nowhere/p', 'url.query': 'x=1' } }),
      app.expected(bare, { attributes: { 'url.path': '/' } }),
    ]);
  });

  requires('attribute:path', 'OPTIONS * has the path *', async ({ start }) => {
    const app = await start();
    const headers = [
      ['Host', 'example.com'],
      ['Connection', 'close'],
    ] as const;
    const [exchange] = await app.raw({ method: 'OPTIONS', target: '*', headers });
    if (exchange === undefined) throw new Error('not answered');
    expect(await app.spans(1)).toEqual([app.expected(exchange, { attributes: { 'url.path': '*' } })]);
  });

  requires('attribute:scheme', 'over TLS the scheme is https', async ({ start }) => {
    const app = await start({ protocol: 'https' });
    const exchange = await app.ask('order');
    const https = { 'url.scheme': 'https' };
    expect(await app.spans(1)).toEqual([app.expected(exchange, { attributes: https })]);
    const attributes = { ...app.expectedMetric(exchange), ...https };
    expect(await app.durations(1)).toEqual([{ attributes, count: 1 }]);
  });

  requires(
    'attribute:query',
    'the query has no question mark, and is absent when empty',
    async ({ start }) => {
      const app = await start();
      const queries = ['', '?', '?a=1', '?a=1?b=2', '?a=%20+%3F&a', '?&='];
      const exchanges = [];
      for (const query of queries)
        exchanges.push(await app.request(`/orders/42${query}`, { endpoint: 'order' }));
      const spans = await app.spans(queries.length);
      expect(spans).toEqual(exchanges.map((exchange) => app.expected(exchange)));
      const recorded = [undefined, undefined, 'a=1', 'a=1?b=2', 'a=%20+%3F&a', '&='];
      expect(spans.map(({ attributes }) => attributes['url.query'])).toEqual(recorded);
    },
  );

  requires(
    'attribute:query-redacted',
    'sensitive values are redacted, other bytes stay',
    async ({ start }) => {
      const app = await start();
      const queries = {
        'a=&sig=s&q=a%20b&flag&a=2': 'a=&sig=REDACTED&q=a%20b&flag&a=2',
        'sig=1&sig=2&x=sig=3': 'sig=REDACTED&sig=REDACTED&x=sig=3',
        'a=?sig=1&b=/sig=2;sig=3&sig=4': 'a=?sig=1&b=/sig=2;sig=3&sig=REDACTED',
        'SIG=1&mysig=1&sig2=1&signature=1&sig': 'SIG=1&mysig=1&sig2=1&signature=1&sig',
        'AWSAccessKeyId=a&Signature=b&X-Amz-Signature=c%26d':
          'AWSAccessKeyId=REDACTED&Signature=REDACTED&X-Amz-Signature=REDACTED',
        'X-Amz-Credential=a/b&X-Amz-Security-Token=c=&X-Goog-Signature=d':
          'X-Amz-Credential=REDACTED&X-Amz-Security-Token=REDACTED&X-Goog-Signature=REDACTED',
      };
      const expected = [];
      for (const [query, redacted] of Object.entries(queries)) {
        const exchange = await app.request(`/orders/42?${query}`, { endpoint: 'order' });
        expected.push(app.expected(exchange, { attributes: { 'url.query': redacted } }));
      }
      expect(await app.spans(expected.length)).toEqual(expected);
    },
  );

  requires(
    'attribute:query-redacted',
    'the environment replaces the sensitive keys, or takes them all away',
    async ({ start }) => {
      const keys = 'OTEL_INSTRUMENTATION_SANITIZATION_URL_SENSITIVE_QUERY_PARAMETERS';
      const query = 'sig=1&to.ken=2&toXken=3';
      const outcomes = {
        'to.ken': 'sig=1&to.ken=REDACTED&toXken=3',
        none: query,
        '': 'sig=REDACTED&to.ken=2&toXken=3',
      };
      for (const [value, recorded] of Object.entries(outcomes)) {
        const app = await withVariables({ [keys]: value }, () => start());
        const exchange = await app.request(`/orders/42?${query}`, { endpoint: 'order' });
        expect(await app.spans(1)).toEqual([
          app.expected(exchange, { attributes: { 'url.query': recorded } }),
        ]);
      }
    },
  );

  requires('attribute:protocol', 'the version of HTTP/1 is recorded', async ({ start }) => {
    const app = await start();
    const headers = [
      ['Host', 'example.com'],
      ['Connection', 'close'],
    ] as const;
    const exchanges = [
      ...(await app.raw({ target: '/nowhere', version: '1.0', headers })),
      ...(await app.raw({ target: '/nowhere', version: '1.1', headers })),
    ];
    expect(await app.spans(2)).toEqual(exchanges.map((exchange) => app.expected(exchange)));
  });

  requires(
    'attribute:no-nullish',
    'nothing is recorded empty, on a server without addresses either',
    async ({ start }) => {
      const folder = mkdtempSync(join(tmpdir(), 'conformance-'));
      try {
        const app = await start({ listenOptions: { path: join(folder, 'socket') } });
        const exchanges = [
          await app.ask('order'),
          await app.request('/nowhere?', { headers: { 'User-Agent': '' } }),
        ];
        const [order, nowhere] = exchanges.map((exchange) => app.expected(exchange));
        if (nowhere === undefined) throw new Error('not answered');
        const { 'user_agent.original': _, ...attributes } = nowhere.attributes;
        const spans = await app.spans(2);
        expect(spans).toEqual([order, { ...nowhere, attributes }]);
        expect(
          Object.values(spans[0]?.attributes ?? {}).filter((value) => value === '' || value == null),
        ).toEqual([]);
        await app.close();
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
}
