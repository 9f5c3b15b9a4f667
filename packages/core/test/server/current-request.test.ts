import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { getRPCMetadata, suppressTracing, W3CBaggagePropagator } from '@opentelemetry/core';
import type { Telemetry } from '@otel-middleware/testbed/telemetry';
import { startTelemetry } from '@otel-middleware/testbed/telemetry';
import {
  addMetricAttributes,
  serverRequest,
  serverSpan,
  setHttpRoute,
  traceTask,
} from '../../src/server/current-request.js';
import type { PlainOptions, PlainRequest } from '../plain-http.js';
import { instrument, response } from '../plain-http.js';

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
});
afterAll(() => context.disable());

let telemetry: Telemetry;
beforeEach(() => {
  telemetry = startTelemetry();
  trace.disable();
  trace.setGlobalTracerProvider(telemetry.tracerProvider);
});

const DURATION = 'http.server.request.duration';

function startOperation(options: PlainOptions = {}, headers: Record<string, string[]> = {}) {
  const { tracerProvider, meterProvider } = telemetry;
  const operation = instrument({ tracerProvider, meterProvider, ...options }).start({ headers });
  if (operation === undefined) throw new Error('no operation');
  return operation;
}

const spanNamed = (name: string) => telemetry.spans().find((span) => span.name === name);

describe('setHttpRoute (route:user)', () => {
  test('wins over the router, whoever comes last, in attribute, name and metric', async () => {
    const operation = startOperation();
    operation.run(() => setHttpRoute('/rpc/user.get'));
    operation.setRoute('/rpc/*');
    operation.end(response(200));
    expect(telemetry.spans().map(({ name, attributes }) => [name, attributes['http.route']])).toEqual([
      ['GET /rpc/user.get', '/rpc/user.get'],
    ]);
    expect((await telemetry.points(DURATION)).map(({ attributes }) => attributes['http.route'])).toEqual([
      '/rpc/user.get',
    ]);
  });

  test('works at any depth: after an await, under a child span', async () => {
    const operation = startOperation();
    await operation.run(async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      trace.getTracer('app').startActiveSpan('child', (child) => {
        setHttpRoute('/deep');
        child.end();
      });
    });
    operation.end(response(200));
    expect(spanNamed('GET /deep')?.attributes['http.route']).toBe('/deep');
    expect(spanNamed('child')?.attributes).toEqual({});
  });

  test('reaches the metric of a request that is not sampled (route:unsampled-metrics)', async () => {
    const operation = startOperation({ tracerProvider: trace.getTracerProvider() });
    operation.run(() => setHttpRoute('/x'));
    operation.end(response(200));
    expect((await telemetry.points(DURATION)).map(({ attributes }) => attributes['http.route'])).toEqual([
      '/x',
    ]);
  });

  test.each(['', undefined, null, 7])('takes no %p for a route', (route) => {
    const operation = startOperation();
    operation.run(() => setHttpRoute(route as string));
    operation.setRoute('/from/router');
    operation.end(response(200));
    expect(telemetry.spans()[0]?.attributes['http.route']).toBe('/from/router');
  });

  test('does nothing outside a request, and nothing after its end', () => {
    expect(() => setHttpRoute('/x')).not.toThrow();
    const operation = startOperation();
    operation.end(response(200));
    operation.run(() => setHttpRoute('/late'));
    expect(telemetry.spans().map(({ name, attributes }) => [name, attributes['http.route']])).toEqual([
      ['GET', undefined],
    ]);
  });
});

describe('addMetricAttributes (metric:labels)', () => {
  test('adds to the metrics of this request alone, and to no span', async () => {
    const operation = startOperation();
    const other = startOperation();
    operation.run(() => addMetricAttributes({ tenant: 'acme' }));
    operation.run(() => addMetricAttributes({ plan: 'pro', 'http.request.method': 'FORGED' }));
    operation.end(response(200));
    other.end(response(200));
    expect((await telemetry.points(DURATION)).map(({ attributes }) => attributes)).toStrictEqual([
      {
        tenant: 'acme',
        plan: 'pro',
        'http.request.method': 'GET',
        'url.scheme': 'http',
        'http.response.status_code': 200,
      },
      { 'http.request.method': 'GET', 'url.scheme': 'http', 'http.response.status_code': 200 },
    ]);
    for (const { attributes } of telemetry.spans()) expect(attributes).not.toHaveProperty('tenant');
  });

  test('does nothing outside a request, and nothing after its end', async () => {
    expect(() => addMetricAttributes({ a: 1 })).not.toThrow();
    const operation = startOperation();
    operation.end(response(200));
    operation.run(() => addMetricAttributes({ late: true }));
    const [point] = await telemetry.points(DURATION);
    expect(point?.attributes).not.toHaveProperty('late');
    expect(await telemetry.histograms(DURATION)).toEqual([expect.objectContaining({ count: 1 })]);
  });
});

describe('serverRequest', () => {
  const options = () => ({
    tracerProvider: telemetry.tracerProvider,
    meterProvider: telemetry.meterProvider,
  });

  test('tells the framework, and the route as far as it is known', () => {
    const operation = startOperation();
    const seen = () => operation.run(() => serverRequest());
    expect(seen()).toEqual({ framework: 'plain-http', route: undefined });
    operation.setRoute('/orders/:id');
    expect(seen()).toEqual({ framework: 'plain-http', route: '/orders/:id' });
    operation.run(() => setHttpRoute('/rpc/order'));
    expect(seen()).toEqual({ framework: 'plain-http', route: '/rpc/order' });
    operation.end(response(200));
    expect(seen()).toEqual({ framework: 'plain-http', route: '/rpc/order' });
  });

  test('a route that is set on the span is the one that is told, as it is the one that is reported', () => {
    const operation = startOperation();
    operation.setRoute('/orders/:id');
    operation.span.setAttribute('http.route', '/mine');
    expect(operation.run(() => serverRequest())).toEqual({ framework: 'plain-http', route: '/mine' });
    operation.end(response(200));
    expect(spanNamed('GET /mine')?.attributes['http.route']).toBe('/mine');
  });

  test('a router that can only be asked is asked, until somebody tells', () => {
    const request: PlainRequest = { headers: {} };
    const operation = instrument(options()).start(request);
    const seen = () => operation?.run(() => serverRequest()?.route);
    expect(seen()).toBeUndefined();
    request.currentRoute = '/orders/:id';
    expect(seen()).toBe('/orders/:id');
    operation?.setRoute('/told');
    expect(seen()).toBe('/told');
    operation?.end(response(200));
  });

  test('of several registrations the innermost is told, but for those that outlive the request', () => {
    const request: PlainRequest = { headers: {} };
    const outer = instrument(options(), { framework: 'raw' }).start(request);
    request.currentRoute = '/of-the-router';
    const nested = instrument(options(), { framework: 'nested' }).start(request);
    const socket = instrument(options(), { framework: 'socket', resumesEndedOperations: true }).start(
      request,
    );
    expect(nested?.kind).toBe('joined');
    expect(socket?.kind).toBe('joined');
    const told = { framework: 'nested', route: '/of-the-router' };
    expect(outer?.run(() => serverRequest())).toEqual(told);
    expect(nested?.run(() => serverRequest())).toEqual(told);
    outer?.end(response(200));
  });

  test('outside a request there is none', () => {
    expect(serverRequest()).toBeUndefined();
  });
});

describe('serverSpan', () => {
  test('is the server span, whatever span is active', () => {
    const operation = startOperation();
    operation.run(() => {
      trace.getTracer('app').startActiveSpan('child', (child) => {
        expect(trace.getActiveSpan()).toBe(child);
        expect(serverSpan()).toBe(operation.span);
        child.end();
      });
    });
    operation.end(response(200));
  });

  test('is undefined outside a request and in an excluded one', () => {
    expect(serverSpan()).toBeUndefined();
    startOperation({ excludedUrls: '.' }).run(() => expect(serverSpan()).toBeUndefined());
  });
});

describe('traceTask', () => {
  test('is a new trace, INTERNAL, linked to the request that it came from, under the same scope', () => {
    const operation = startOperation();
    expect(operation.run(() => traceTask('send mail', () => 42))).toBe(42);
    operation.end(response(200));
    const task = spanNamed('send mail');
    expect(task?.kind).toBe(SpanKind.INTERNAL);
    expect(task?.parentSpanContext).toBeUndefined();
    expect(task?.spanContext().traceId).not.toBe(operation.span.spanContext().traceId);
    expect(task?.links.map(({ context: linked }) => linked)).toEqual([operation.span.spanContext()]);
    expect(task?.instrumentationScope).toEqual(spanNamed('GET')?.instrumentationScope);
    expect(task?.status).toEqual({ code: SpanStatusCode.UNSET });
  });

  test('is active in the task, is handed to it, and is its own request: no server span, no route, no metadata', () => {
    const operation = startOperation();
    operation.run(() =>
      traceTask('task', (span) => {
        expect(trace.getActiveSpan()).toBe(span);
        expect(serverSpan()).toBeUndefined();
        expect(getRPCMetadata(context.active())).toBeUndefined();
        setHttpRoute('/not/of/the/request');
        trace.getTracer('app').startSpan('child').end();
      }),
    );
    operation.end(response(200));
    expect(spanNamed('child')?.parentSpanContext?.spanId).toBe(spanNamed('task')?.spanContext().spanId);
    expect(spanNamed('GET')?.attributes).not.toHaveProperty('http.route');
  });

  test('keeps the baggage of the request readable', () => {
    const operation = startOperation({ propagator: new W3CBaggagePropagator() }, { baggage: ['user=u1'] });
    const user = operation.run(() =>
      traceTask('task', () => propagation.getActiveBaggage()?.getEntry('user')?.value),
    );
    operation.end(response(200));
    expect(user).toBe('u1');
  });

  test('outside a request it is a root without links', () => {
    expect(traceTask('alone', () => 'done')).toBe('done');
    expect(spanNamed('alone')).toMatchObject({
      links: [],
      parentSpanContext: undefined,
      instrumentationScope: { name: '@otel-middleware/core' },
    });
  });

  test('ends when the promise of the task resolves, and gives its value on', async () => {
    const promise = traceTask('later', async (span) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(trace.getActiveSpan()).toBe(span);
      return 'value';
    });
    expect(spanNamed('later')).toBeUndefined();
    await expect(promise).resolves.toBe('value');
    const [seconds, nanos] = spanNamed('later')?.duration ?? [0, 0];
    expect(seconds * 1000 + nanos / 1e6).toBeGreaterThanOrEqual(18);
  });

  const failure = new RangeError('no such mail');
  const failed = {
    status: { code: SpanStatusCode.ERROR, message: 'no such mail' },
    attributes: { 'error.type': 'RangeError' },
    ended: true,
  };

  test('records what the task throws, once, and throws it on unchanged', () => {
    expect(() =>
      traceTask('throws', () => {
        throw failure;
      }),
    ).toThrow(failure);
    expect(spanNamed('throws')).toMatchObject(failed);
    expect(spanNamed('throws')?.events.map(({ name }) => name)).toEqual(['exception']);
  });

  test('records what the task rejects with, once, and rejects with it unchanged', async () => {
    await expect(traceTask('rejects', () => Promise.reject(failure))).rejects.toBe(failure);
    expect(spanNamed('rejects')).toMatchObject(failed);
    expect(spanNamed('rejects')?.events.map(({ name }) => name)).toEqual(['exception']);
  });

  test('starts a lazy thenable, such as a query builder, once', async () => {
    let executions = 0;
    const query = {
      // biome-ignore lint/suspicious/noThenProperty: query builders are thenables.
      then: (...handlers: Parameters<Promise<number>['then']>) => {
        executions++;
        return Promise.resolve(7).then(...handlers);
      },
    };
    await expect(traceTask('query', () => query as unknown as Promise<number>)).resolves.toBe(7);
    expect(executions).toBe(1);
    expect(spanNamed('query')?.ended).toBe(true);
  });

  test('is not recorded where tracing is suppressed, but runs', () => {
    expect(context.with(suppressTracing(ROOT_CONTEXT), () => traceTask('silent', () => 1))).toBe(1);
    startOperation({ excludedUrls: '.' }).run(() => traceTask('silent', () => 1));
    expect(telemetry.spans()).toEqual([]);
  });
});
