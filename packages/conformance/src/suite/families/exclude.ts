import { expect } from '@jest/globals';
import type { HttpServerOptions } from '@otel-middleware/core';
import { withVariables } from '@otel-middleware/testbed/variables';
import type { Requires, Start } from '../register-tests.js';

type ExcludedUrls = HttpServerOptions<unknown, unknown>['excludedUrls'];

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SAMPLED = `00-${TRACE_ID}-b7ad6b7169203331-01`;

interface Paths {
  readonly excluded: readonly string[];
  readonly traced: readonly string[];
}

/** Requires exactly the requests for `traced` to make spans and metrics. */
async function expectTraced(
  start: Start,
  excludedUrls: ExcludedUrls,
  { excluded, traced }: Paths,
): Promise<void> {
  const app = await start(excludedUrls === undefined ? {} : { options: { excludedUrls } });
  const answered = await Promise.all(excluded.map((target) => app.request(target)));
  expect(answered.map(({ complete }) => complete)).toEqual(excluded.map(() => true));
  for (const target of traced) await app.request(target);
  const spans = await app.spans(traced.length);
  expect(spans.map(({ attributes }) => attributes['url.path'])).toEqual(
    traced.map((target) => target.split('?')[0]),
  );
  await app.durations(traced.length);
}

/** Requests that are not traced. */
export function exclude(requires: Requires): void {
  const probes = { excluded: ['/healthz', '/readyz', '/healthz?full=1'], traced: ['/orders/42', '/'] };
  const forms: Readonly<Record<string, readonly [ExcludedUrls, Paths]>> = {
    'a comma string': ['healthz, readyz', probes],
    'an array of strings': [['healthz', 'readyz'], probes],
    'regular expressions': [[/^\/HEALTHZ$/i, /^\/readyz$/g], probes],
    'a string is searched in the path': [
      'orders',
      { excluded: ['/orders/42', '/api/orders/42'], traced: ['/healthz'] },
    ],
    'anchors are those of the path': [
      '^/$,^/healthz$',
      { excluded: ['/', '/healthz'], traced: ['/orders/healthz', '/readyz'] },
    ],
    'host and query are not searched': [
      '127,localhost,secret',
      { excluded: [], traced: ['/orders/42?secret=1'] },
    ],
    'a comma in a quantifier is no separator': [
      '^/orders/\\d{1,3}$,readyz',
      { excluded: ['/orders/42', '/readyz'], traced: ['/orders/4242', '/orders/'] },
    ],
    'empty entries exclude nothing': ['healthz,, ,', { excluded: ['/healthz'], traced: ['/orders/42'] }],
    'an empty string in an array excludes nothing': [
      ['', 'healthz'],
      { excluded: ['/healthz'], traced: ['/orders/42'] },
    ],
    'an empty list excludes nothing': ['', { excluded: [], traced: ['/healthz', '/orders/42'] }],
  };
  for (const [form, [excludedUrls, paths]] of Object.entries(forms)) {
    requires('exclude:forms', form, ({ start }) => expectTraced(start, excludedUrls, paths));
  }

  requires(
    'exclude:forms',
    'a predicate decides on the framework’s own request',
    async ({ start, adapter }) => {
      const seen: boolean[] = [];
      const isProbe = (request: unknown): boolean => {
        seen.push(adapter.native.isRequest(request));
        return adapter.native.requestHeader(request, 'x-probe') === 'yes';
      };
      const app = await start({ options: { excludedUrls: ['readyz', isProbe] } });
      await app.ask('order', { headers: { 'X-Probe': 'yes' } });
      await app.ask('ready');
      const exchange = await app.ask('order');
      expect(await app.spans(1)).toEqual([app.expected(exchange)]);
      expect(seen).toEqual([true, true]);
    },
  );

  requires('exclude:forms', 'an invalid pattern fails at construction and says which', async ({ start }) => {
    const attempt = start({ options: { excludedUrls: ['healthz', '(readyz'] } });
    await expect(attempt).rejects.toThrow(TypeError);
    await expect(attempt).rejects.toThrow(/excludedUrls.*\(readyz/s);
  });

  requires(
    'exclude:env',
    'option, variable of the framework, general variable: the first that is set counts',
    async ({ start, adapter }) => {
      const own = `OTEL_NODE_${adapter.adapter.toUpperCase().replace('-', '_')}_EXCLUDED_URLS`;
      const general = 'OTEL_NODE_EXCLUDED_URLS';
      const all = ['/healthz', '/readyz', '/orders/42'];
      const only = (excluded: string): Paths => ({
        excluded: [excluded],
        traced: all.filter((path) => path !== excluded),
      });
      await withVariables({ [general]: 'healthz' }, () => expectTraced(start, undefined, only('/healthz')));
      await withVariables({ [general]: 'healthz', [own]: 'readyz' }, () =>
        expectTraced(start, undefined, only('/readyz')),
      );
      await withVariables({ [general]: 'healthz', [own]: '' }, () =>
        expectTraced(start, undefined, { excluded: [], traced: all }),
      );
      await withVariables({ [general]: 'healthz', [own]: 'readyz' }, () =>
        expectTraced(start, 'orders', only('/orders/42')),
      );
      await withVariables({ [general]: 'healthz', [own]: 'readyz' }, () =>
        expectTraced(start, '', { excluded: [], traced: all }),
      );
    },
  );

  requires(
    'exclude:effect',
    'nothing of an excluded request is recorded, nor of what it starts',
    async ({ start }) => {
      const called: string[] = [];
      const app = await start({
        options: {
          excludedUrls: 'outbound,thrown,child',
          requestHook: () => void called.push('requestHook'),
          responseHook: () => void called.push('responseHook'),
          optIn: [
            'http.server.active_requests',
            'http.server.request.body.size',
            'http.server.response.body.size',
          ],
        },
      });
      const outbound = await app.ask('outbound', {
        headers: { traceparent: SAMPLED, baggage: 'tenant=acme' },
      });
      await app.ask('thrown');
      await app.ask('child');
      const { headers } = JSON.parse(outbound.body);
      expect(headers.traceparent ?? 'nothing').toMatch(
        new RegExp(`^(?:nothing|00-${TRACE_ID}-[0-9a-f]{16}-00)$`),
      );
      expect(called).toEqual([]);
      const last = await app.ask('order');
      expect(await app.spans(1)).toEqual([app.expected(last)]);
      expect(await app.durations(1)).toEqual([{ attributes: app.expectedMetric(last), count: 1 }]);
      expect(app.telemetry.sampled).toHaveLength(1);
    },
  );
}
