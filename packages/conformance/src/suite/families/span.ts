import type { Socket } from 'node:net';
import { expect } from '@jest/globals';
import type { HttpServerOptions } from '@otel-middleware/core';
import { withVariables } from '@otel-middleware/testbed/variables';
import { matrix } from '../../matrix.js';
import type { Requires } from '../register-tests.js';

const LEGACY_ATTRIBUTES =
  /^(?:http\.(?:method|url|target|host|scheme|flavor|status_code|client_ip|server_name|user_agent)|net\..*)$/;

/** Options under which everything is recorded that can be. */
const EVERYTHING: HttpServerOptions<unknown, unknown> = {
  captureRequestHeaders: ['.*'],
  captureResponseHeaders: ['.*'],
  optIn: [
    ...(['client.port', 'network.local.address', 'network.local.port', 'network.transport'] as const),
    ...(['http.request.body.size', 'http.response.body.size', 'user_agent.synthetic.type'] as const),
    ...([
      'http.server.active_requests',
      'http.server.request.body.size',
      'http.server.response.body.size',
    ] as const),
    ...(['server.address', 'server.port'] as const),
  ],
};

/** Names, kind and number of server spans. */
export function span(requires: Requires): void {
  requires('span:one', 'every kind of request makes one server span and nothing else', async ({ start }) => {
    const app = await start();
    const exchanges = [
      await app.ask('root'),
      await app.ask('order'),
      await app.ask('redirect'),
      await app.ask('unmatched'),
      await app.ask('upload', { body: '{"bread":2}', headers: { 'Content-Type': 'application/json' } }),
    ];
    expect(await app.spans(5)).toEqual(exchanges.map((exchange) => app.expected(exchange)));
  });

  requires('span:one', 'a request of fetch makes one server span', async ({ start }) => {
    const app = await start();
    const ports: number[] = [];
    app.served.server.on('connection', ({ remotePort }: Socket) => ports.push(remotePort as number));
    const response = await fetch(`http://127.0.0.1:${app.port}/orders/42?a=1`);
    const [port = 0] = ports;
    const exchange = {
      endpoint: 'order',
      sent: {
        method: 'GET',
        target: '/orders/42?a=1',
        version: '1.1',
        headers: { host: `127.0.0.1:${app.port}`, 'user-agent': 'node' },
      },
      client: { address: '127.0.0.1', port },
      status: response.status,
      informational: [],
      headers: {},
      trailers: {},
      body: await response.text(),
      complete: true,
    } as const;
    expect([exchange.status, exchange.body]).toEqual([200, 'order']);
    expect(await app.spans(1)).toEqual([app.expected(exchange)]);
  });

  requires(
    'span:name-route',
    'the template names the span, whatever parameters and query are',
    async ({ start }) => {
      const app = await start();
      const exchanges = [
        await app.ask('order'),
        await app.request('/orders/43?expand=items', { endpoint: 'order' }),
        await app.request('/orders/a%20b?expand=items&expand=lines', { endpoint: 'order' }),
      ];
      const spans = await app.spans(3);
      expect(spans).toEqual(exchanges.map((exchange) => app.expected(exchange)));
      expect(spans.map(({ name }) => name)).toEqual(Array(3).fill(`GET ${app.route('order')}`));
    },
  );

  requires(
    'span:name-no-route',
    'a request that nothing matches is named by its method',
    async ({ start }) => {
      const app = await start();
      const exchanges = [await app.ask('unmatched'), await app.request('/nowhere', { method: 'POST' })];
      const spans = await app.spans(2);
      expect(spans).toEqual(exchanges.map((exchange) => app.expected(exchange)));
      expect(spans.map(({ name }) => name)).toEqual(['GET', 'POST']);
    },
  );

  requires('span:name-root', 'the root route is part of the name', async ({ start }) => {
    const app = await start();
    const exchange = await app.ask('root');
    expect(await app.spans(1)).toEqual([app.expected(exchange, { name: 'GET /', route: '/' })]);
  });

  requires('span:name-hook-wins', 'a name that a hook gave outlives the route', async ({ start }) => {
    const app = await start({
      options: { requestHook: (started) => void started.updateName('weekly report') },
    });
    const exchange = await app.ask('order');
    expect(await app.spans(1)).toEqual([app.expected(exchange, { name: 'weekly report' })]);
  });

  requires('span:method-other', 'an unknown method is _OTHER, and HTTP in the name', async ({ start }) => {
    const app = await start();
    const purge = await app.request('/any/7', { endpoint: 'any', method: 'PURGE' });
    const mkcol = await app.request('/nowhere', { method: 'MKCOL' });
    expect([purge.status, mkcol.status]).toEqual([200, 404]);
    expect(await app.spans(2)).toEqual([
      app.expected(purge, { name: `HTTP ${app.route('any')}` }),
      app.expected(mkcol, { name: 'HTTP' }),
    ]);
    expect(purge.sent.method).toBe('PURGE');
  });

  requires(
    'span:method-known',
    'every known method that reaches a handler is recorded as it is',
    async ({ start }) => {
      const app = await start();
      // CONNECT never reaches a request handler: Node hands it to an event of its own.
      const methods = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'QUERY', 'TRACE'];
      const exchanges = [];
      for (const method of methods) exchanges.push(await app.request('/any/7', { endpoint: 'any', method }));
      expect(exchanges.map(({ status }) => status)).toEqual(Array(methods.length).fill(200));
      const spans = await app.spans(methods.length);
      expect(spans).toEqual(exchanges.map((exchange) => app.expected(exchange)));
      expect(spans.map(({ attributes }) => attributes['http.request.method'])).toEqual(methods);
    },
  );

  requires('span:method-known', 'the environment replaces the known methods in full', async ({ start }) => {
    const app = await withVariables({ OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS: 'GET, PURGE' }, () => start());
    const purge = await app.request('/any/7', { endpoint: 'any', method: 'PURGE' });
    const post = await app.request('/any/7', { endpoint: 'any', method: 'POST' });
    const known = { 'http.request.method': 'PURGE', 'http.request.method_original': undefined };
    const other = { 'http.request.method': '_OTHER', 'http.request.method_original': 'POST' };
    expect(await app.spans(2)).toEqual([
      app.expected(purge, { name: `PURGE ${app.route('any')}`, attributes: known }),
      app.expected(post, { name: `HTTP ${app.route('any')}`, attributes: other }),
    ]);
  });

  requires('span:scope', 'the scope is the package, its version and the convention', async ({ start }) => {
    const app = await start();
    await app.ask('root');
    const [served] = await app.spans(1);
    expect(served?.scope).toEqual({
      name: matrix.packageName,
      version: matrix.packageVersion,
      schemaUrl: 'https://opentelemetry.io/schemas/1.45.0',
    });
  });

  requires('span:no-legacy', 'no name from before the stable conventions appears', async ({ start }) => {
    const app = await withVariables({ OTEL_SEMCONV_STABILITY_OPT_IN: 'http/dup' }, () =>
      start({ options: EVERYTHING }),
    );
    await app.ask('order');
    await app.ask('thrown');
    const spans = await app.spans(2);
    const metrics = await app.telemetry.metrics();
    const points = metrics.flatMap(({ dataPoints }) => dataPoints as readonly { attributes: object }[]);
    const names = [...spans, ...points].flatMap(({ attributes }) => Object.keys(attributes));
    expect(names.length).toBeGreaterThan(40);
    expect(names.filter((name) => LEGACY_ATTRIBUTES.test(name))).toEqual([]);
    expect(metrics.map(({ descriptor }) => descriptor.name).sort()).toEqual([
      'http.server.active_requests',
      'http.server.request.body.size',
      'http.server.request.duration',
      'http.server.response.body.size',
    ]);
  });
}
