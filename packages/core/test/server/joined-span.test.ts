import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Context, Span } from '@opentelemetry/api';
import { context, createContextKey, propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import type { RPCMetadata } from '@opentelemetry/core';
import { RPCType, setRPCMetadata } from '@opentelemetry/core';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-node';
import type { Telemetry } from '@otel-middleware/testbed/telemetry';
import { startTelemetry } from '@otel-middleware/testbed/telemetry';
import { serverTimingPropagator } from '../../src/http/response-propagators.js';
import { addMetricAttributes, serverSpan, setHttpRoute } from '../../src/server/current-request.js';
import { NO_NEEDS } from '../../src/server/server-operation.js';
import type { PlainOptions, PlainRequest } from '../plain-http.js';
import { instrument, response } from '../plain-http.js';

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
});
afterAll(() => context.disable());

let telemetry: Telemetry;
let options: PlainOptions;
beforeEach(() => {
  telemetry = startTelemetry();
  options = { tracerProvider: telemetry.tracerProvider, meterProvider: telemetry.meterProvider };
});

/** The context that another HTTP instrumentation leaves for a request that it has a span for. */
function upstream(name = 'GET'): { span: Span; metadata: RPCMetadata; of: Context } {
  const span = telemetry.tracerProvider.getTracer('other-http').startSpan(name, { kind: SpanKind.SERVER });
  const metadata: RPCMetadata = { type: RPCType.HTTP, span };
  return { span, metadata, of: setRPCMetadata(trace.setSpan(ROOT_CONTEXT, span), metadata) };
}

function started<T>(operation: T | undefined): T {
  if (operation === undefined) throw new Error('no operation');
  return operation;
}

const names = () => telemetry.spans().map(({ name, kind }) => [name, kind]);

describe("under another instrumentation's span (nested:foreign-span)", () => {
  test('no second server span is made, the span is not ended, and its metrics are not ours', async () => {
    const { span, of } = upstream();
    const operation = started(context.with(of, () => instrument(options).start({})));
    expect(operation.span).toBe(span);
    expect(operation.kind).toBe('joined');
    operation.end(response(200));
    expect(telemetry.spans()).toEqual([]);
    expect(await telemetry.metricNames()).toEqual([]);
    span.end();
    expect(names()).toEqual([['GET', SpanKind.SERVER]]);
  });

  test('route and name are told to the span and to its metadata, the user’s route first', () => {
    const { span, metadata, of } = upstream();
    const operation = started(context.with(of, () => instrument(options).start({ method: 'POST' })));
    operation.run(() => setHttpRoute('/of/user'));
    operation.setRoute('/of/router');
    operation.end(response(200));
    span.end();
    expect(metadata.route).toBe('/of/user');
    expect(telemetry.spans()[0]).toMatchObject({
      name: 'POST /of/user',
      attributes: { 'http.route': '/of/user' },
    });
  });

  test('without a route nothing is written', () => {
    const { span, metadata, of } = upstream();
    started(context.with(of, () => instrument(options).start({}))).end(response(404));
    span.end();
    expect(metadata.route).toBeUndefined();
    expect(telemetry.spans()[0]).toMatchObject({ name: 'GET', attributes: {} });
  });

  test('a name that a hook has set stays (span:name-hook-wins)', () => {
    const { span, of } = upstream();
    const operation = started(
      context.with(of, () =>
        instrument({ ...options, requestHook: (each) => void each.updateName('mine') }).start({}),
      ),
    );
    operation.run(() => {});
    operation.setRoute('/x');
    operation.end(response(200));
    span.end();
    expect(telemetry.spans()[0]).toMatchObject({ name: 'mine', attributes: { 'http.route': '/x' } });
  });

  test('hooks, captured headers and the response propagator come to the span once', () => {
    const { span, of } = upstream();
    const calls: unknown[] = [];
    const request: PlainRequest = { headers: { 'x-a': ['1'] } };
    const answer = response(200, { 'x-b': ['2'] });
    const operation = started(
      context.with(of, () =>
        instrument({
          ...options,
          captureRequestHeaders: ['x-a'],
          captureResponseHeaders: ['x-b'],
          responsePropagator: serverTimingPropagator,
          requestHook: (...args) => void calls.push(args),
          responseHook: (...args) => void calls.push(args),
        }).start(request),
      ),
    );
    operation.run(() => {});
    operation.commit(answer);
    operation.commit(answer);
    operation.end(answer);
    operation.end(answer);
    span.end();
    expect(calls).toEqual([
      [span, request],
      [span, request, answer],
    ]);
    expect(answer.headers.get('server-timing')).toEqual([
      `trace;desc=00-${span.spanContext().traceId}-${span.spanContext().spanId}-01`,
    ]);
    expect(telemetry.spans()[0]?.attributes).toEqual({
      'http.request.header.x-a': ['1'],
      'http.response.header.x-b': ['2'],
    });
  });

  test('a failure brings its exception, once; the status is left to who ends the span (error:thrown)', () => {
    const { span, of } = upstream();
    const operation = started(context.with(of, () => instrument(options).start({})));
    operation.recordError(new Error('first'));
    operation.recordError(new Error('second'));
    operation.end(response(500));
    span.end();
    const [{ events, status }] = telemetry.spans() as [ReturnType<Telemetry['spans']>[number]];
    expect(events.map(({ attributes }) => attributes?.['exception.message'])).toEqual(['first']);
    expect(status).toEqual({ code: 0 });
  });

  test('an error that was answered with 404 brings none, also if the client then leaves (error:4xx)', () => {
    for (const aborted of [false, true]) {
      const { span, of } = upstream();
      const operation = started(context.with(of, () => instrument(options).start({})));
      operation.recordError(new Error('not found'));
      operation.end(response(404), { aborted });
      span.end();
    }
    expect(telemetry.spans().map(({ events }) => events)).toEqual([[], []]);
  });

  test('the context of the handler keeps what was in it, and finds the span as its server span (context:active)', () => {
    const { span, of } = upstream();
    const KEY = createContextKey('test upstream');
    const operation = started(context.with(of.setValue(KEY, 'kept'), () => instrument(options).start({})));
    operation.run(() => {
      expect(context.active().getValue(KEY)).toBe('kept');
      expect(trace.getActiveSpan()).toBe(span);
      expect(serverSpan()).toBe(span);
      expect(() => addMetricAttributes({ a: 1 })).not.toThrow();
    });
  });

  test('a span that is not sampled is enriched with its route alone: no hook, nothing read of the headers (hook:non-recording)', () => {
    const span = trace.wrapSpanContext({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 0 });
    const metadata: RPCMetadata = { type: RPCType.HTTP, span };
    const unexpected = (): never => {
      throw new Error('called');
    };
    const operation = started(
      context.with(setRPCMetadata(ROOT_CONTEXT, metadata), () =>
        instrument({
          ...options,
          requestHook: unexpected,
          responseHook: unexpected,
          captureRequestHeaders: ['.*'],
        }).start({}),
      ),
    );
    expect(operation.needs).toEqual(NO_NEEDS);
    operation.run(() => {});
    operation.setRoute('/x');
    operation.end(response(200));
    expect(metadata.route).toBe('/x');
  });

  test('body sizes are not asked for: they belong to spans and metrics of one’s own', () => {
    const { of } = upstream();
    const optIn = ['http.server.request.body.size', 'http.response.body.size'] as const;
    const operation = started(context.with(of, () => instrument({ ...options, optIn }).start({})));
    expect(operation.needs).toEqual(NO_NEEDS);
  });
});

describe('metadata that is not of this request', () => {
  test.each([
    [
      'of a span that has ended (propagation:ambient)',
      () => {
        const { span, of } = upstream();
        span.end();
        return of;
      },
    ],
    [
      'of another kind of call',
      () => setRPCMetadata(ROOT_CONTEXT, { type: 'grpc', span: upstream().span } as unknown as RPCMetadata),
    ],
    ['without a span', () => setRPCMetadata(ROOT_CONTEXT, { type: RPCType.HTTP } as RPCMetadata)],
  ])('%s is not enriched: the request has a server span of its own, and a new trace', (_case, of) => {
    const ambient = of();
    const operation = started(context.with(ambient, () => instrument(options).start({})));
    expect(operation.kind).toBe('owned');
    expect(operation.span.spanContext().traceId).not.toBe(trace.getSpanContext(ambient)?.traceId);
    operation.end(response(200));
  });

  test('an in-process request within a request has its own span, the outer one keeps its route (nested:internal-fetch)', () => {
    const { span, metadata, of } = upstream();
    const instrumentation = instrument(options);
    const outer = started(context.with(of, () => instrumentation.start({})));
    outer.run(() => {
      const inner = started(instrumentation.start({ target: '/inner' }));
      expect(inner.kind).toBe('owned');
      inner.setRoute('/inner');
      inner.end(response(200));
    });
    outer.setRoute('/outer');
    outer.end(response(200));
    span.end();
    expect(metadata.route).toBe('/outer');
    expect(names()).toEqual([
      ['GET /inner', SpanKind.SERVER],
      ['GET /outer', SpanKind.SERVER],
    ]);
  });

  test('likewise within a request of ours, whose span is not its parent (nested:internal-fetch, propagation:ambient)', () => {
    const instrumentation = instrument(options);
    const outer = started(instrumentation.start({ target: '/outer' }));
    outer.run(() => {
      const inner = started(instrumentation.start({ target: '/inner' }));
      inner.run(() => setHttpRoute('/inner'));
      inner.end(response(200));
    });
    outer.end(response(200));
    expect(names()).toEqual([
      ['GET /inner', SpanKind.SERVER],
      ['GET', SpanKind.SERVER],
    ]);
    const [inner, own] = telemetry.spans();
    expect(inner?.parentSpanContext).toBeUndefined();
    expect(inner?.spanContext().traceId).not.toBe(own?.spanContext().traceId);
  });
});

describe('a registration within another one (nested:twice)', () => {
  test('the same one again does nothing', () => {
    const instrumentation = instrument(options);
    const request: PlainRequest = {};
    const outer = started(instrumentation.start(request));
    expect(outer.run(() => instrumentation.start(request))).toBeUndefined();
    expect(instrumentation.start(request)).toBeUndefined();
    outer.end(response(200));
    expect(telemetry.spans()).toHaveLength(1);
  });

  test('another one brings route, error, hooks and headers to the one span, and its metrics are counted once', async () => {
    const calls: unknown[] = [];
    const request: PlainRequest = { headers: { 'x-a': ['1'], 'x-b': ['2'] } };
    const answer = response(500, { etag: ['e'] });
    const outer = started(
      instrument({
        ...options,
        captureRequestHeaders: ['x-a'],
        requestHook: () => void calls.push('outer'),
      }).start(request),
    );
    outer.run(() => {
      const inner = started(
        instrument({
          ...options,
          captureRequestHeaders: ['x-b'],
          captureResponseHeaders: ['etag'],
          requestHook: () => void calls.push('inner'),
          responseHook: () => void calls.push('inner response'),
        }).start(request),
      );
      expect(inner.kind).toBe('joined');
      expect(inner.span).toBe(outer.span);
      inner.run(() => {
        expect(serverSpan()).toBe(outer.span);
        addMetricAttributes({ tenant: 'acme' });
      });
      inner.setRoute('/x');
      inner.recordError(new RangeError('x'));
      inner.end(answer);
    });
    expect(telemetry.spans()).toEqual([]);
    outer.end(answer);
    expect(calls).toEqual(['outer', 'inner', 'inner response']);
    expect(telemetry.spans()).toHaveLength(1);
    expect(telemetry.spans()[0]).toMatchObject({
      name: 'GET /x',
      attributes: {
        'http.route': '/x',
        'http.request.header.x-a': ['1'],
        'http.request.header.x-b': ['2'],
        'http.response.header.etag': ['e'],
      },
      events: [{ name: 'exception' }],
    });
    expect(
      (await telemetry.points('http.server.request.duration')).map(({ attributes }) => attributes),
    ).toEqual([
      {
        tenant: 'acme',
        'http.request.method': 'GET',
        'http.response.status_code': 500,
        'http.route': '/x',
        'url.scheme': 'http',
        'error.type': '500',
      },
    ]);
  });

  test('three registrations are known each for itself', () => {
    const request: PlainRequest = {};
    const [first, second, third] = [instrument(options), instrument(options), instrument(options)];
    started(first?.start(request));
    expect([second?.start(request), third?.start(request)].map((each) => each?.kind)).toEqual([
      'joined',
      'joined',
    ]);
    expect([first, second, third].map((each) => each?.start(request))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('keeps what was activated between the two: a span, baggage (context:active)', () => {
    const request: PlainRequest = {};
    const outer = started(instrument(options).start(request));
    outer.run(() => {
      const pre = telemetry.tracerProvider.getTracer('app').startSpan('pre', {}, context.active());
      const baggage = propagation.createBaggage({ tenant: { value: 'acme' } });
      context.with(propagation.setBaggage(trace.setSpan(context.active(), pre), baggage), () => {
        started(instrument(options).start(request)).run(() => {
          expect(trace.getActiveSpan()).toBe(pre);
          expect(propagation.getActiveBaggage()?.getEntry('tenant')?.value).toBe('acme');
          expect(serverSpan()).toBe(outer.span);
        });
      });
      pre.end();
    });
    outer.end(response(200));
  });

  test('reached in a foreign context, it runs in that of its request (context:isolation)', () => {
    const request: PlainRequest = {};
    const outer = started(instrument(options).start(request));
    const other = started(instrument(options).start({}));
    other.run(() => {
      started(instrument(options).start(request)).run(() => expect(trace.getActiveSpan()).toBe(outer.span));
    });
  });

  test('reached when the request has ended already, it starts nothing (life:once)', () => {
    const request: PlainRequest = {};
    started(instrument(options).start(request)).end(response(200), { aborted: true });
    expect(instrument(options).start(request)).toBeUndefined();
    expect(telemetry.unended()).toBe(0);
  });

  test.each([true, false])(
    'what outlives its request joins it after its end, for context and messages alone; sampled: %s (ws:messages)',
    (sampled) => {
      const { tracerProvider } = startTelemetry({ sampler: new AlwaysOffSampler() });
      const providers = sampled ? options : { tracerProvider };
      const unexpected = (): never => {
        throw new Error('called');
      };
      const request: PlainRequest = {};
      const outer = started(instrument(providers).start(request));
      outer.end(response(101));
      const seen: unknown[] = [];
      const hooks = {
        requestHook: unexpected,
        responseHook: unexpected,
        receiveHook: (span: object, { type }: { type: string }) => seen.push([span === outer.span, type]),
      };
      const late = instrument(
        { ...providers, ...hooks, captureRequestHeaders: ['.*'] },
        { resumesEndedOperations: true },
      );
      const operation = started(late.start(request));
      expect([operation.kind, operation.needs]).toEqual(['resumed', { ...NO_NEEDS, receives: sampled }]);
      operation.run(() => expect(trace.getActiveSpan()).toBe(outer.span));
      expect(operation.messages(true).pass('receive', { type: 'text', size: 1 }, () => 42)).toBe(42);
      operation.end(response(500));
      expect(seen).toEqual(sampled ? [[true, 'text']] : []);
      expect(telemetry.spans().map(({ status }) => status.code)).toEqual(sampled ? [0] : []);
      expect(late.start(request)).toBeUndefined();
    },
  );

  test('excluded there, it runs suppressed, and the outer span goes on (exclude:effect)', () => {
    const request: PlainRequest = {};
    const outer = started(instrument(options).start(request));
    outer.run(() => {
      const inner = started(instrument({ ...options, excludedUrls: '.' }).start(request));
      inner.run(() => expect(trace.getActiveSpan()).toBeUndefined());
      inner.end(response(200));
    });
    outer.end(response(200));
    expect(telemetry.spans()).toHaveLength(1);
  });

  test('of an excluded request it starts nothing, also where the context was lost (exclude:effect)', () => {
    const request: PlainRequest = { target: '/healthz' };
    started(instrument({ ...options, excludedUrls: 'healthz' }).start(request));
    expect(instrument(options).start(request)).toBeUndefined();
  });
});
