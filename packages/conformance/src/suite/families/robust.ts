import { expect } from '@jest/globals';
import type { HttpServerOptions } from '@otel-middleware/core';
import fc from 'fast-check';
import { readToEnd } from '../../driver/raw-client.js';
import { until } from '../../driver/until.js';
import type { Requires } from '../register-tests.js';

/** Options that are wrong, and what the message has to say. */
const WRONG: readonly (readonly [options: Record<string, unknown>, message: RegExp])[] = [
  [{ exludedUrls: 'healthz' }, /exludedUrls.*excludedUrls/s],
  [{ excludedUrls: 42 }, /excludedUrls.*string/s],
  [{ excludedUrls: [42] }, /excludedUrls.*string/s],
  [{ captureRequestHeaders: 'x-tenant-id' }, /captureRequestHeaders.*array/s],
  [{ captureResponseHeaders: ['('] }, /captureResponseHeaders.*\(/s],
  [{ sanitizeHeaders: { replaceDefaults: true } }, /sanitizeHeaders.*names/s],
  [{ requestHook: 'hook' }, /requestHook.*function/s],
  [{ responseHook: {} }, /responseHook.*function/s],
  [{ publicEndpoint: 'yes' }, /publicEndpoint.*boolean/s],
  [{ responsePropagator: {} }, /responsePropagator.*serverTimingPropagator/s],
  [{ optIn: ['http.route'] }, /optIn.*client\.port/s],
  [{ tracerProvider: {} }, /tracerProvider.*TracerProvider/s],
  [{ meterProvider: () => {} }, /meterProvider.*MeterProvider/s],
  [{ propagator: null }, /propagator.*TextMapPropagator/s],
];

/** Text of characters from `first` on, as bytes; with a few that HTTP forbids. */
const text = (first: number): fc.Arbitrary<string> =>
  fc
    .array(
      fc.oneof(
        { weight: 100, arbitrary: fc.integer({ min: first, max: 255 }) },
        { weight: 1, arbitrary: fc.nat(255) },
      ),
      {
        maxLength: 30,
      },
    )
    .map((codes) =>
      String.fromCharCode(...codes.filter((code) => code !== 10 && code !== 13 && code !== 127)),
    );
const values = fc.oneof(
  text(32),
  fc.constantFrom(
    'a b',
    '[::1',
    '00-',
    `00-${'0'.repeat(32)}-`,
    'for="',
    'for=;;,',
    ',,',
    '%zz',
    '\u00ff',
    '=',
    'a=%zz;',
  ),
);
const fields = fc.array(
  fc.tuple(
    fc.constantFrom(
      ...[
        'Host',
        'traceparent',
        'tracestate',
        'baggage',
        'Forwarded',
        'X-Forwarded-For',
        'X-Forwarded-Proto',
      ],
      ...['X-Forwarded-Host', 'User-Agent', 'X-Tenant-Id', 'Cookie', 'Accept', 'Authorization'],
    ),
    values,
  ),
  { maxLength: 6 },
);
const targets = fc.oneof(
  text(33).map((path) => `/${path}`),
  text(33).map((query) => `/orders/42?${query}`),
  text(33),
  fc.constantFrom(
    '*',
    '//',
    '//h/p',
    '/users/%zz',
    '/%',
    '/?',
    '/??&=&sig=&',
    'http://[::1',
    'http://',
    '/orders/42#f',
    '/../..',
  ),
);
const methods = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom('GET', 'POST', 'PURGE', 'OPTIONS', 'QUERY', 'HEAD') },
  { weight: 1, arbitrary: text(33) },
);

/** Robustness against users and clients. */
export function robust(requires: Requires): void {
  requires(
    'robust:options',
    'a wrong option fails at construction, with its name and the cure',
    async ({ start }) => {
      for (const [options, message] of WRONG) {
        const attempt = start({ options: options as HttpServerOptions<unknown, unknown> });
        await expect(attempt).rejects.toThrow(message);
        await expect(attempt).rejects.toBeInstanceOf(TypeError);
      }
    },
  );

  requires('robust:options', 'options that are undefined are left out', async ({ start }) => {
    const app = await start({
      options: { excludedUrls: undefined, requestHook: undefined, optIn: undefined },
    });
    const exchange = await app.ask('order');
    expect(await app.spans(1)).toEqual([app.expected(exchange)]);
  });

  requires('robust:options', 'the user’s object stays as it is', async ({ start }) => {
    const options = Object.freeze({
      excludedUrls: Object.freeze(['healthz', /ready/g]),
      captureRequestHeaders: Object.freeze(['X-Tenant-Id']),
      sanitizeHeaders: Object.freeze([/plan/]),
      optIn: Object.freeze(['client.port'] as const),
    });
    const before = JSON.stringify(options);
    const app = await start({ options });
    await app.ask('health');
    await app.ask('ready');
    await app.ask('order');
    await app.spans(1);
    expect(JSON.stringify(options)).toBe(before);
  });

  requires(
    'robust:late',
    'registered behind the routes it works, or says what to move',
    async ({ start, diagnostics }) => {
      const app = await start({ registration: 'after-routes' });
      const asked = ['order', 'root', 'unmatched', 'unmatched'] as const;
      const exchanges = [];
      for (const endpoint of asked) exchanges.push(await app.ask(endpoint));
      const warnings = diagnostics.take();
      if (warnings.length === 0) {
        expect(await app.spans(4)).toEqual(exchanges.map((exchange) => app.expected(exchange)));
        return;
      }
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toMatch(/before/);
    },
  );

  requires(
    'robust:fuzz',
    'no bytes make the middleware throw or leave a span open',
    async ({ start }) => {
      const app = await start({
        trustLoopback: true,
        options: { captureRequestHeaders: ['.*'], captureResponseHeaders: ['.*'], excludedUrls: 'healthz' },
      });
      await fc.assert(
        fc.asyncProperty(methods, targets, fields, async (method, target, headers) => {
          const socket = await app.socket();
          const response = readToEnd(socket);
          const lines = [['Host', 'example.com'], ...headers].map(([name, value]) => `${name}: ${value}\r\n`);
          socket.write(
            `${method} ${target} HTTP/1.1\r\nConnection: close\r\n${lines.join('')}\r\n`,
            'latin1',
          );
          expect((await response).slice(0, 9)).toBe('HTTP/1.1 ');
        }),
        { numRuns: 400 },
      );
      await until(
        () => app.telemetry.open.size === 0,
        () => 'the end of all spans',
      );
      expect(app.telemetry.ended.length).toBeGreaterThan(40);
      const exchange = await app.ask('order', { headers: { 'X-Tenant-Id': 'acme' } });
      expect(exchange.body).toBe('order');
    },
    30_000,
  );
}
