import { expect } from '@jest/globals';
import type { Span } from '@opentelemetry/api';
import { trace } from '@opentelemetry/api';
import { CLIENT_DISCONNECTED } from '../../expect/expected-span.js';
import { thrownError } from '../../fixture/failures.js';
import type { Requires } from '../register-tests.js';

const UNSAMPLED = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';

/** Hooks of the user around the request. */
export function hook(requires: Requires): void {
  requires(
    'hook:request',
    'it runs once, in context, with span and request of the framework',
    async ({ start, adapter }) => {
      const calls: object[] = [];
      const requestHook = (span: Span, request: unknown): void => {
        calls.push({ active: trace.getActiveSpan() === span, request: adapter.native.isRequest(request) });
        span.setAttribute('app.tenant', String(adapter.native.requestHeader(request, 'x-tenant-id')));
      };
      const app = await start({ options: { requestHook } });
      const exchange = await app.ask('order', { headers: { 'X-Tenant-Id': 'acme' } });
      expect(calls).toEqual([{ active: true, request: true }]);
      expect(await app.spans(1)).toEqual([app.expected(exchange, { attributes: { 'app.tenant': 'acme' } })]);
    },
  );

  for (const endpoint of ['order', 'rawWrite', 'chunked', 'thrown', 'unmatched', 'redirect'] as const) {
    requires(
      'hook:response',
      `${endpoint}: it runs once, in context, and can add headers`,
      async ({ start, adapter }) => {
        const calls: object[] = [];
        const responseHook = (span: Span, request: unknown, response: unknown): void => {
          const { isRequest, isResponse, setResponseHeader } = adapter.native;
          calls.push({
            active: trace.getActiveSpan() === span,
            request: isRequest(request),
            response: isResponse(response),
          });
          setResponseHeader(response, 'X-From-Hook', 'yes');
          span.setAttribute('app.hooked', true);
        };
        const app = await start({ options: { responseHook } });
        const exchange = await app.ask(endpoint);
        expect(exchange.headers['x-from-hook']).toBe('yes');
        const exception = endpoint === 'thrown' ? { exception: { error: thrownError } } : {};
        const attributes = { 'app.hooked': true };
        expect(await app.spans(1)).toEqual([app.expected(exchange, { ...exception, attributes })]);
        expect(calls).toEqual([{ active: true, request: true, response: true }]);
      },
    );
  }

  requires('hook:response', 'it runs once when no head was sent', async ({ start }) => {
    let calls = 0;
    const responseHook = (span: Span): void => {
      calls++;
      span.setAttribute('app.hooked', true);
    };
    const app = await start({ options: { responseHook } });
    const exchange = await app.abandon('hang');
    const expectation = { errorType: CLIENT_DISCONNECTED, attributes: { 'app.hooked': true } };
    expect(await app.spans(1)).toEqual([app.expected(exchange, expectation)]);
    expect(calls).toBe(1);
  });

  for (const [failure, fail] of Object.entries({
    throws: () => {
      throw new Error('the hook is bent');
    },
    rejects: () => Promise.reject(new Error('the hook is bent')),
  })) {
    for (const option of ['requestHook', 'responseHook'] as const) {
      requires(
        'hook:guard',
        `${option} that ${failure} harms nothing and is reported once`,
        async ({ start, diagnostics }) => {
          const app = await start({ options: { [option]: fail } });
          const exchanges = [await app.ask('order'), await app.ask('root'), await app.ask('order')];
          expect(exchanges.map(({ body }) => body)).toEqual(['order', 'root', 'order']);
          expect(await app.spans(3)).toEqual(exchanges.map((exchange) => app.expected(exchange)));
          const problems = diagnostics.take();
          expect(problems).toHaveLength(1);
          expect(problems[0]).toMatch(new RegExp(`${option}.*the hook is bent`, 's'));
        },
      );
    }
  }

  requires(
    'hook:non-recording',
    'hooks are not called for a span that does not record',
    async ({ start }) => {
      const called: string[] = [];
      const app = await start({
        options: {
          requestHook: () => void called.push('requestHook'),
          responseHook: () => void called.push('responseHook'),
          captureRequestHeaders: ['.*'],
          captureResponseHeaders: ['.*'],
        },
      });
      const exchange = await app.ask('order', { headers: { traceparent: UNSAMPLED } });
      expect(await app.durations(1)).toEqual([{ attributes: app.expectedMetric(exchange), count: 1 }]);
      expect(called).toEqual([]);
    },
  );
}
