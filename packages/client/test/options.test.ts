import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { context, trace } from '@opentelemetry/api';
import { createAlwaysOffSampler, Diagnostics, Telemetry } from '@otel-middleware/conformance';
import type { HttpClientOptions } from '../src/index.js';
import { instrumentFetch, instrumentHttpClients } from '../src/index.js';
import { clients } from './clients.js';
import { reached } from './expected.js';
import { Origin } from './origin.js';
import { rejection, traced, useContextManager } from './traced.js';

let origin: Origin;
beforeAll(async () => {
  useContextManager();
  origin = await Origin.start();
});
afterAll(() => origin.close());

const diagnostics = new Diagnostics();
beforeEach(() => diagnostics.register());
afterEach(() => diagnostics.unregister());

describe.each(clients)('$name', (client) => {
  test('[client:span] hooks run once, inside the span, with what is sent and received', async () => {
    const calls: unknown[] = [];
    const options: HttpClientOptions = {
      requestHook: (span, { method, url, headers }) => {
        span.setAttribute('tenant', headers.get('X-TENANT') ?? 'none');
        calls.push(['request', method, url, trace.getSpan(context.active()) === span]);
      },
      responseHook: (span, { url }, { status, headers }) => {
        span.setAttribute('shelf', headers.get('x-shelf') ?? 'none');
        calls.push([
          'response',
          url,
          status,
          headers.get('absent'),
          trace.getSpan(context.active()) === span,
        ]);
      },
    };
    const url = `${origin.url}/ok?sig=raw`;
    const { spans } = await traced(
      client,
      (ask) => ask(url, { method: 'POST', headers: { 'X-Tenant': 'acme' } }),
      options,
    );
    expect(calls).toEqual([
      ['request', 'POST', url, true],
      ['response', url, 200, null, true],
    ]);
    const attributes = { tenant: 'acme', shelf: 'top' };
    expect(spans.map((span) => span.attributes)).toEqual([
      reached(client, url, { method: 'POST', url: `${origin.url}/ok?sig=REDACTED`, attributes }),
    ]);
  });

  test('[client:span] hooks see neither unsampled requests nor responses that never came', async () => {
    const calls: string[] = [];
    const options = {
      requestHook: () => void calls.push('request'),
      responseHook: () => void calls.push('response'),
    };
    const telemetry = new Telemetry(createAlwaysOffSampler());
    await traced(client, (ask) => ask(`${origin.url}/ok`), options, { telemetry });
    expect(calls).toEqual([]);
    await traced(client, (ask) => rejection(ask(`${origin.url}/reset`)), options);
    expect(calls).toEqual(['request']);
  });

  test('[client:span] whatever of the user fails, the request goes on and one warning for each tells of it', async () => {
    const fail = (): never => {
      throw new Error('mine');
    };
    const options: HttpClientOptions = {
      requestHook: fail,
      responseHook: async () => fail(),
      urlTemplate: fail,
      excludedUrls: [fail],
      propagator: { inject: fail, extract: fail, fields: () => [] },
    };
    const url = `${origin.url}/ok`;
    const { result, spans } = await traced(client, async (ask) => [await ask(url), await ask(url)], options);
    expect(result).toEqual(Array(2).fill({ status: 200, text: 'ok' }));
    expect(spans.map(({ attributes }) => attributes)).toEqual(Array(2).fill(reached(client, url)));
    const failed = diagnostics.take().map((problem) => problem.split(' failed;')[0]);
    expect(failed.sort()).toEqual([
      'A predicate in excludedUrls',
      'propagator',
      'requestHook',
      'responseHook',
      'urlTemplate',
    ]);
  });

  test.each(['startSpan', 'end'] as const)(
    '[client:span] an SDK that throws in %s breaks no request',
    async (method) => {
      const telemetry = new Telemetry();
      const tracer = telemetry.tracerProvider.getTracer('x');
      const tracerProvider = {
        getTracer: () => ({
          startActiveSpan: tracer.startActiveSpan,
          startSpan: (...args: Parameters<typeof tracer.startSpan>) => {
            if (method === 'startSpan') throw new Error('full');
            const span = tracer.startSpan(...args);
            const end = span.end.bind(span);
            span.end = (time) => {
              end(time);
              throw new Error('full');
            };
            return span;
          },
        }),
      };
      const { result } = await traced(
        client,
        async (ask) => [await ask(`${origin.url}/ok`), await ask(`${origin.url}/ok`)],
        {
          tracerProvider,
        },
      );
      expect(result).toEqual(Array(2).fill({ status: 200, text: 'ok' }));
      expect(diagnostics.take()).toEqual([
        expect.stringMatching(/^@otel-middleware\/client failed; .*full$/),
      ]);
    },
  );
});

test.each([undefined, {}, 'https://a.example'])('[client:span] %p is no fetch', (fetch) => {
  expect(() => instrumentFetch(fetch as never)).toThrow(
    '@otel-middleware/client: the first argument must be a fetch, such as globalThis.fetch.',
  );
});

describe.each([
  ['instrumentFetch', (options: object) => instrumentFetch(fetch, options)],
  ['instrumentHttpClients', (options: object) => instrumentHttpClients(options).disable()],
])('%s', (_, instrument) => {
  test.each([
    [{ exclude: 'x' }, 'there is no option "exclude". Remove it, or use one of excludedUrls,'],
    [{ excludedUrls: 3 }, 'option "excludedUrls" must be a comma-separated string'],
    [{ excludedUrls: '(' }, 'option "excludedUrls" contains an invalid pattern'],
    [{ requestHook: 'x' }, 'option "requestHook" must be a function'],
    [{ propagateTo: 'https://a.example' }, 'option "propagateTo" must be an array of origins'],
    [{ propagateTo: ['https://a.example/path'] }, 'option "propagateTo" must be an array of origins'],
    [{ propagateTo: ['a.example'] }, 'option "propagateTo" must be an array of origins'],
    [
      { urlTemplate: '/users/{id}' },
      'option "urlTemplate" must be a function from a request to its template',
    ],
    [{ propagator: {} }, 'option "propagator" must be a TextMapPropagator'],
  ])('[client:span] %j is refused, with the cure', (options, message) => {
    expect(() => instrument(options)).toThrow(`@otel-middleware/client: ${message}`);
  });

  test('[client:span] an option that is undefined is not set, and none is changed', () => {
    const options = Object.freeze({
      excludedUrls: undefined,
      propagateTo: Object.freeze(['https://a.example:8443']),
    });
    expect(() => instrument(options)).not.toThrow();
  });
});
