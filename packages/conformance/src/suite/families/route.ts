import { expect } from '@jest/globals';
import type { Exchange } from '../../expect/exchange.js';
import type { EndpointName } from '../../fixture/endpoints.js';
import { rejectedError, thrownError } from '../../fixture/failures.js';
import type { Requires, TestContext } from '../register-tests.js';

/** Asks endpoints one after the other and compares the whole span of each. */
async function expectSpansOf(
  { start }: Pick<TestContext, 'start'>,
  asked: readonly (EndpointName | readonly [endpoint: EndpointName, target: string])[],
): Promise<void> {
  const app = await start();
  const exchanges: Exchange[] = [];
  for (const one of asked) {
    if (typeof one === 'string') exchanges.push(await app.ask(one));
    else exchanges.push(await app.request(one[1], { endpoint: one[0] }));
  }
  const spans = await app.spans(asked.length);
  expect(spans).toEqual(exchanges.map((exchange) => app.expected(exchange)));
}

/** Route templates of routers. */
export function route(requires: Requires): void {
  const reports = (id: string, behaviour: string, ...asked: Parameters<typeof expectSpansOf>[1]): void =>
    requires(id, behaviour, (test) => expectSpansOf(test, asked));

  reports('route:prefix', 'a router under a prefix reports the whole template', 'prefixed', [
    'prefixed',
    '/api/orders/7?a=1',
  ]);
  reports('route:param-mount', 'a parametrised prefix stays a template', 'paramMounted', [
    'paramMounted',
    '/t/other/items/8',
  ]);
  reports('route:param-mount', 'a value that equals a static segment changes nothing', [
    'paramMounted',
    '/t/items/items/items',
  ]);
  reports(
    'route:param-mount',
    'the root of a parametrised router has the template of its mount',
    'paramMountRoot',
  );
  reports('route:param-mount', 'nested mounts are all templates', 'nested', [
    'nested',
    '/v1/repos/repos/issues/issues/v1',
  ]);
  reports('route:array', 'of a list of routes the member that matched is reported', 'arrayRoute', [
    'arrayRoute',
    '/second/8',
  ]);
  reports('route:array', 'of a list of mounts the member that matched is reported', 'arrayMounted');
  reports('route:wildcard', 'a wildcard reports its pattern', 'wildcard', ['wildcard', '/files/c']);
  reports('route:optional', 'an optional segment reports one pattern', 'optional', ['optional', '/maybe']);
  reports('route:regex', 'a regular expression reports one text', 'regex', ['regex', '/rx/7']);
  reports('route:sub-app', 'an application in an application reports the whole template', 'subApp', [
    'subApp',
    '/sub/8/things/4',
  ]);
  reports(
    'route:same-router-twice',
    'one router reports each of its prefixes',
    'sameRouterLeft',
    'sameRouterRight',
    'sameRouterLeft',
  );
  reports(
    'route:fall-through-404',
    'a route that passed on and was not followed is not reported',
    'fallThrough',
  );
  reports(
    'route:fall-through-404',
    'nothing is reported of a router in which nothing matched',
    'prefixedUnmatched',
  );
  reports('route:next-then-answer', 'of two routes the one that answered is reported', 'nextThenRoute');
  reports('route:next-then-answer', 'a route stays when plain middleware answered after it', 'nextThenPlain');
  reports('route:early-answer', 'middleware that answers before routing leaves no route', 'guarded');
  reports('route:405', 'a method without a route has none', 'wrongMethod');
  reports('route:malformed', 'a path that cannot be decoded has no route', 'malformed', 'user');
  reports('route:head-options', 'an automatic answer to OPTIONS has no route', 'automaticOptions');

  requires('route:head-options', 'HEAD has the route of GET', async ({ start }) => {
    const app = await start();
    const exchange = await app.ask('order', { method: 'HEAD' });
    expect(await app.spans(1)).toEqual([app.expected(exchange, { name: `HEAD ${app.route('order')}` })]);
  });

  for (const endpoint of ['prefixedThrown', 'prefixedRejected'] as const) {
    requires(
      'route:thrown',
      `${endpoint}: the route of a mounted handler that fails stays`,
      async ({ start }) => {
        const app = await start();
        const exchange = await app.ask(endpoint);
        const error = endpoint === 'prefixedThrown' ? thrownError : rejectedError;
        expect(await app.spans(1)).toEqual([app.expected(exchange, { exception: { error } })]);
      },
    );
  }

  reports('route:stored-next', 'next may be called from another async context', 'storedNext');

  requires('route:in-request', 'a handler is told framework and route', async ({ start }) => {
    const app = await start();
    const asked = [
      'root',
      'order',
      'prefixed',
      'paramMounted',
      'paramMountRoot',
      'nested',
      'arrayRoute',
      'arrayMounted',
      'wildcard',
      'optional',
      'regex',
      'subApp',
      'sameRouterLeft',
      'sameRouterRight',
      'thrown',
    ] as const;
    for (const endpoint of asked) await app.ask(endpoint);
    const framework = app.adapter.adapter;
    expect(app.application.served).toEqual(
      asked.map((endpoint) => ({ framework, route: app.route(endpoint) })),
    );
  });

  requires('route:late', 'routes and routers added after the first request are known', async ({ start }) => {
    const app = await start();
    const exchanges = [await app.request('/late/7'), await app.ask('order')];
    app.served.addLateRoutes?.();
    exchanges.push(await app.ask('late'), await app.ask('lateMounted'));
    expect(await app.spans(4)).toEqual(exchanges.map((exchange) => app.expected(exchange)));
  });

  requires(
    'route:unsampled-metrics',
    'an unsampled request has its route on the metrics',
    async ({ start }) => {
      const app = await start();
      const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00' };
      const exchange = await app.ask('order', { headers });
      expect(await app.durations(1)).toEqual([{ attributes: app.expectedMetric(exchange), count: 1 }]);
      expect(app.telemetry.ended).toEqual([]);
    },
  );

  requires('route:user', 'a route set through the API wins over the router’s', async ({ start }) => {
    const app = await start();
    const exchange = await app.ask('rpc');
    expect(exchange.status).toBe(200);
    const wins = { route: '/rpc/users.{method}', name: 'GET /rpc/users.{method}' };
    expect(await app.spans(1)).toEqual([app.expected(exchange, wins)]);
    expect(await app.durations(1)).toEqual([{ attributes: app.expectedMetric(exchange, wins), count: 1 }]);
  });

  requires('route:same-everywhere', 'name, span and metric hold one route', async ({ start }) => {
    const app = await start();
    for (const endpoint of ['root', 'order', 'rpc', 'thrown', 'unmatched', 'chunked'] as const)
      await app.ask(endpoint);
    await app.abandon('hang');
    const spans = await app.spans(7);
    await app.durations(7);
    const routes = spans.map(({ attributes }) => attributes['http.route']);
    expect(routes.filter((one) => one === undefined)).toHaveLength(1);
    expect(spans.map(({ name }) => name)).toEqual(
      routes.map((one) => (one === undefined ? 'GET' : `GET ${one}`)),
    );
    expect(app.telemetry.measurements.map(({ attributes }) => attributes['http.route'])).toEqual(routes);
  });
}
