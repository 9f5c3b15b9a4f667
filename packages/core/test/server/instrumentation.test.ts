import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Attributes } from '@opentelemetry/api';
import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  CompositePropagator,
  getRPCMetadata,
  suppressTracing,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from '@opentelemetry/core';
import type { Sampler, SpanProcessor } from '@opentelemetry/sdk-trace-node';
import { AlwaysOffSampler, SamplingDecision } from '@opentelemetry/sdk-trace-node';
import { collectDiagnostics } from '@otel-middleware/testbed/diagnostics';
import type { Telemetry } from '@otel-middleware/testbed/telemetry';
import { startTelemetry } from '@otel-middleware/testbed/telemetry';
import { withVariables } from '@otel-middleware/testbed/variables';
import fc from 'fast-check';
import { serverTimingPropagator } from '../../src/http/response-propagators.js';
import { NO_NEEDS } from '../../src/server/server-operation.js';
import type { PlainOptions, PlainRequest } from '../plain-http.js';
import { instrument, plainRequest, response } from '../plain-http.js';

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
});
afterAll(() => context.disable());

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const propagator = new CompositePropagator({
  propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
});
const called = (): PlainRequest => ({ headers: { traceparent: [TRACEPARENT], baggage: ['user=u1'] } });

let telemetry: Telemetry;
let diagnostics: ReturnType<typeof collectDiagnostics>;
beforeEach(() => {
  telemetry = startTelemetry();
  diagnostics = collectDiagnostics();
});

function start(
  request: PlainRequest = {},
  options: PlainOptions = {},
  { tracerProvider, meterProvider } = telemetry,
) {
  const operation = instrument({ tracerProvider, meterProvider, propagator, ...options }).start(request);
  if (operation === undefined) throw new Error('no operation');
  return operation;
}

describe('the start', () => {
  test('is one SERVER span, which is active in the handler, and its result comes back (span:one, context:active)', () => {
    const operation = start();
    expect(operation.run(() => trace.getActiveSpan())).toBe(operation.span);
    expect(operation.run(() => getRPCMetadata(context.active())?.span)).toBe(operation.span);
    expect(trace.getActiveSpan()).toBeUndefined();
    operation.end(response(200));
    expect(telemetry.spans().map(({ kind }) => kind)).toEqual([SpanKind.SERVER]);
  });

  test('shows a sampler all that the convention asks for (attribute:start, header:sampler)', () => {
    const seen: [string, SpanKind, Attributes][] = [];
    const sampler: Sampler = {
      shouldSample: (_context, _traceId, name, kind, attributes) => {
        seen.push([name, kind, { ...attributes }]);
        return { decision: SamplingDecision.NOT_RECORD };
      },
      toString: () => 'watching',
    };
    const request: PlainRequest = {
      method: 'PURGE',
      target: '/a?b=c',
      authority: 'h:1',
      clientAddress: '192.0.2.1',
      route: '/:a',
      headers: { 'user-agent': ['ua'], 'x-a': ['1'] },
      peerAddress: '10.0.0.1',
    };
    start(request, { captureRequestHeaders: ['x-a'] }, startTelemetry({ sampler }));
    expect(seen).toEqual([
      [
        'HTTP /:a',
        SpanKind.SERVER,
        {
          'http.request.method': '_OTHER',
          'http.request.method_original': 'PURGE',
          'url.path': '/a',
          'url.query': 'b=c',
          'url.scheme': 'http',
          'server.address': 'h',
          'server.port': 1,
          'client.address': '192.0.2.1',
          'user_agent.original': 'ua',
          'http.route': '/:a',
          'http.request.header.x-a': ['1'],
        },
      ],
    ]);
  });

  test('reads methods and sensitive query keys of the environment once, at construction', () => {
    const variables = {
      OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS: 'PURGE',
      OTEL_INSTRUMENTATION_SANITIZATION_URL_SENSITIVE_QUERY_PARAMETERS: 'key',
    };
    const instrumentation = withVariables(variables, () =>
      instrument({ tracerProvider: telemetry.tracerProvider }),
    );
    instrumentation.start({ method: 'PURGE', target: '/?key=1&sig=2' })?.end(response(200));
    expect(telemetry.spans()[0]?.attributes).toMatchObject({
      'http.request.method': 'PURGE',
      'url.query': 'key=REDACTED&sig=2',
    });
  });
});

describe('the parent', () => {
  test('is the caller’s span, and its baggage is readable (propagation:parent)', () => {
    const operation = start(called());
    operation.run(() => expect(propagation.getActiveBaggage()?.getEntry('user')?.value).toBe('u1'));
    operation.end(response(200));
    expect(telemetry.spans()[0]?.parentSpanContext).toMatchObject({
      spanId: 'b7ad6b7169203331',
      isRemote: true,
    });
    expect(telemetry.spans()[0]?.spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c');
  });

  test('is never what happens to be active: not a foreign span, not its baggage (propagation:ambient)', () => {
    const foreign = telemetry.tracerProvider.getTracer('app').startSpan('foreign');
    const ambient = propagation.setBaggage(
      trace.setSpan(ROOT_CONTEXT, foreign),
      propagation.createBaggage({ leaked: { value: '1' } }),
    );
    context.with(ambient, () => {
      const operation = start();
      operation.run(() => expect(propagation.getActiveBaggage()).toBeUndefined());
      operation.end(response(200));
    });
    foreign.end();
    const [own] = telemetry.spans();
    expect(own?.parentSpanContext).toBeUndefined();
    expect(own?.spanContext().traceId).not.toBe(foreign.spanContext().traceId);
  });

  test.each<[string, PlainOptions['publicEndpoint']]>([
    ['true', true],
    ['a predicate that says so', ({ headers }) => headers?.traceparent !== undefined],
    [
      'a predicate that throws',
      () => {
        throw new Error('x');
      },
    ],
  ])(
    'of a public endpoint, by %s, is a link, and the baggage is dropped (propagation:public)',
    (_by, publicEndpoint) => {
      const operation = start(called(), { publicEndpoint });
      operation.run(() => expect(propagation.getActiveBaggage()).toBeUndefined());
      operation.end(response(200));
      const [span] = telemetry.spans();
      expect(span?.parentSpanContext).toBeUndefined();
      expect(span?.spanContext().traceId).not.toBe('0af7651916cd43dd8448eb211c80319c');
      expect(span?.links.map(({ context: link }) => link.spanId)).toEqual(['b7ad6b7169203331']);
    },
  );

  test('of a public endpoint’s friend is the caller (propagation:public)', () => {
    start(called(), { publicEndpoint: () => false }).end(response(200));
    expect(telemetry.spans()[0]?.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
    expect(telemetry.spans()[0]?.links).toEqual([]);
  });

  test('of the global propagator is taken where none is given', () => {
    propagation.setGlobalPropagator(propagator);
    start(called(), { propagator: undefined }).end(response(200));
    propagation.disable();
    expect(telemetry.spans()[0]?.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
  });
});

describe('an excluded request (exclude:effect)', () => {
  test('has no span, no metric, no hook, and nothing within it is recorded or propagated', async () => {
    const calls: unknown[] = [];
    const operation = start(
      { ...called(), target: '/healthz' },
      {
        excludedUrls: 'healthz',
        requestHook: () => void calls.push('request'),
        responseHook: () => void calls.push('response'),
        responsePropagator: serverTimingPropagator,
        optIn: ['http.server.active_requests'],
      },
    );
    const answer = response(200);
    const carrier: Record<string, string> = {};
    operation.run(() => {
      telemetry.tracerProvider.getTracer('db').startSpan('query').end();
      propagator.inject(context.active(), carrier, {
        set: (to, key, value) => Object.assign(to, { [key]: value }),
      });
      expect(instrument({ tracerProvider: telemetry.tracerProvider }).start({})).toBeUndefined();
    });
    operation.commit(answer);
    operation.end(answer);
    expect(calls).toEqual([]);
    expect(carrier).toEqual({});
    expect([...answer.headers]).toEqual([]);
    expect(telemetry.spans()).toEqual([]);
    expect(await telemetry.metricNames()).toEqual([]);
  });

  test('is decided by the path: not by query, host or scheme (exclude:forms)', () => {
    const options: PlainOptions = { excludedUrls: 'healthz' };
    for (const request of [
      { target: '/x?healthz' },
      { target: 'http://healthz/x' },
      { authority: 'healthz' },
    ]) {
      expect(start(request, options).kind).toBe('owned');
    }
    expect(start({ target: 'http://host/healthz' }, options).kind).toBe('excluded');
  });
});

test('where tracing is suppressed there is nothing to do', () => {
  const { tracerProvider, meterProvider } = telemetry;
  context.with(suppressTracing(ROOT_CONTEXT), () => {
    expect(instrument({ tracerProvider, meterProvider }).start({})).toBeUndefined();
  });
});

describe('hooks (hook:request, hook:response)', () => {
  test('are called once each, in order, in the span’s context, with span, request and response', () => {
    const calls: unknown[] = [];
    const request: PlainRequest = {};
    const answer = response(201);
    const operation = start(request, {
      requestHook: (...args) => void calls.push(['request', trace.getActiveSpan(), ...args]),
      responseHook: (...args) => void calls.push(['response', trace.getActiveSpan(), ...args]),
    });
    operation.run(() => calls.push('handler'));
    operation.commit(answer);
    operation.commit(answer);
    operation.end(answer);
    const { span } = operation;
    expect(calls).toEqual([
      ['request', span, span, request],
      'handler',
      ['response', span, span, request, answer],
    ]);
  });

  test('the response hook is called at the end where no head was sent', () => {
    let calls = 0;
    const operation = start({}, { responseHook: () => void calls++ });
    operation.end(response(undefined), { aborted: true });
    expect(calls).toBe(1);
  });

  test('what they set on the span and on the response stays', () => {
    const answer = response(200);
    const operation = start(
      {},
      {
        requestHook: (span) => void span.setAttribute('app.a', 1),
        responseHook: (span, _request, { headers }) => {
          span.setAttribute('app.b', 2);
          headers.set('x-hook', ['set']);
        },
        captureResponseHeaders: ['x-hook'],
      },
    );
    operation.run(() => {});
    operation.commit(answer);
    operation.end(answer);
    expect(telemetry.spans()[0]?.attributes).toMatchObject({
      'app.a': 1,
      'app.b': 2,
      'http.response.header.x-hook': ['set'],
    });
    expect(answer.headers.get('x-hook')).toEqual(['set']);
  });

  test('that throw or reject change nothing, and are reported once each (hook:guard)', async () => {
    const { tracerProvider } = telemetry;
    const instrumentation = instrument({
      tracerProvider,
      requestHook: () => {
        throw new Error('x');
      },
      responseHook: () => Promise.reject(new Error('y')),
      responsePropagator: {
        fields: () => [],
        extract: (of) => of,
        inject: () => {
          throw new Error('z');
        },
      },
    });
    for (let request = 0; request < 3; request++) {
      const operation = instrumentation.start({});
      expect(operation?.run(() => 'answer')).toBe('answer');
      operation?.commit(response(200));
      operation?.end(response(200));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(diagnostics.map(([level, message]) => [level, message.split(' ')[0]])).toEqual([
      ['warn', 'requestHook'],
      ['warn', 'responsePropagator'],
      ['warn', 'responseHook'],
    ]);
    expect(telemetry.spans()).toHaveLength(3);
  });

  test('are not called for a span that does not record, and nothing but the propagator needs the head (hook:non-recording)', () => {
    const unexpected = (): never => {
      throw new Error('called');
    };
    const options: PlainOptions = {
      requestHook: unexpected,
      responseHook: unexpected,
      receiveHook: unexpected,
      sendHook: unexpected,
      messageSpans: true,
      captureResponseHeaders: ['.*'],
      optIn: ['http.response.body.size'],
    };
    const unsampled = startTelemetry({ sampler: new AlwaysOffSampler() });
    const operation = start({}, options, unsampled);
    expect(operation.needs).toEqual(NO_NEEDS);
    operation.run(() => {});
    operation.end(response(200));
    expect(diagnostics).toEqual([]);
    expect(start({}, { ...options, responsePropagator: serverTimingPropagator }, unsampled).needs).toEqual({
      ...NO_NEEDS,
      head: true,
    });
    expect(start({}, { optIn: ['http.server.response.body.size'] }, unsampled).needs).toEqual({
      ...NO_NEEDS,
      bodySizes: true,
    });
  });

  test.each<[PlainOptions, boolean]>([
    [{}, false],
    [{ responseHook: () => {} }, true],
    [{ captureResponseHeaders: ['etag'] }, true],
    [{ responsePropagator: serverTimingPropagator }, true],
    [{ requestHook: () => {}, captureRequestHeaders: ['x-a'] }, false],
  ])('with %p the head is watched: %j', (options, head) => {
    expect(start({}, options).needs).toEqual({ ...NO_NEEDS, head });
  });
});

test('the response tells an unsampled trace too (propagation:response)', () => {
  const answer = response(200);
  const operation = start(
    {},
    { responsePropagator: serverTimingPropagator },
    startTelemetry({ sampler: new AlwaysOffSampler() }),
  );
  operation.commit(answer);
  const { traceId, spanId } = operation.span.spanContext();
  expect(answer.headers.get('server-timing')).toEqual([`trace;desc=00-${traceId}-${spanId}-00`]);
});

test('without a propagator nothing is added to the response (propagation:response)', () => {
  const answer = response(200);
  const operation = start();
  operation.commit(answer);
  operation.end(answer);
  expect([...answer.headers]).toEqual([]);
});

describe('resume (context:active)', () => {
  test('activates the context of the request where none of its own is active, and leaves one that is', () => {
    const operation = start();
    expect(operation.resume(() => trace.getActiveSpan())).toBe(operation.span);
    operation.run(() => {
      const child = telemetry.tracerProvider.getTracer('app').startSpan('child');
      context.with(trace.setSpan(context.active(), child), () => {
        expect(operation.resume(() => trace.getActiveSpan())).toBe(child);
      });
    });
    const other = start();
    other.run(() => expect(operation.resume(() => trace.getActiveSpan())).toBe(operation.span));
  });
});

describe('what fails in the SDK or in a getter never reaches the request (robust:fuzz)', () => {
  const throwing = (): never => {
    throw new Error('broken');
  };

  test.each<[string, PlainOptions]>([
    ['a sampler', { tracerProvider: startTelemetry({ sampler: { shouldSample: throwing } }).tracerProvider }],
    ['a tracer provider', { tracerProvider: { getTracer: throwing } }],
    ['a meter provider', { meterProvider: { getMeter: throwing } }],
    ['a propagator', { propagator: { extract: throwing, inject: throwing, fields: () => [] } }],
    [
      'a span processor at the start',
      {
        tracerProvider: startTelemetry({
          processors: [
            {
              onStart: throwing,
              onEnd: () => {},
              forceFlush: async () => {},
              shutdown: async () => {},
            } as SpanProcessor,
          ],
        }).tracerProvider,
      },
    ],
  ])('%s that throws: no operation, one report, not one per request', (_name, options) => {
    const instrumentation = instrument({
      tracerProvider: telemetry.tracerProvider,
      meterProvider: telemetry.meterProvider,
      ...options,
    });
    for (let request = 0; request < 3; request++) expect(instrumentation.start({})).toBeUndefined();
    expect(diagnostics).toHaveLength(1);
  });

  test('a span processor that throws at the end: one report, not one per request', () => {
    const from = startTelemetry({
      processors: [
        { onStart: () => {}, onEnd: throwing, forceFlush: async () => {}, shutdown: async () => {} },
      ],
    });
    const instrumentation = instrument({ tracerProvider: from.tracerProvider });
    for (let request = 0; request < 3; request++) {
      expect(() => instrumentation.start({})?.end(response(200))).not.toThrow();
    }
    expect(diagnostics).toHaveLength(1);
  });

  test('any bytes anywhere: no throw, no unended span, no empty or nullish attribute (robust:fuzz, attribute:no-nullish)', () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 });
    const request = fc.record(
      {
        method: text,
        target: text,
        authority: text,
        clientAddress: text,
        peerAddress: text,
        headers: fc.dictionary(
          fc.constantFrom('traceparent', 'tracestate', 'baggage', 'user-agent', 'x-a'),
          fc.array(text, { maxLength: 3 }),
        ),
      },
      { requiredKeys: ['target', 'method'] },
    );
    const options: PlainOptions = {
      captureRequestHeaders: ['.*'],
      optIn: ['user_agent.synthetic.type', 'client.port', 'network.transport'],
    };
    const instrumentation = instrument({
      tracerProvider: telemetry.tracerProvider,
      meterProvider: telemetry.meterProvider,
      propagator,
      ...options,
    });
    fc.assert(
      fc.property(request, (each) => {
        const operation = instrumentation.start(each);
        expect(operation).toBeDefined();
        operation?.run(() => {});
        operation?.end(response(200));
      }),
      { numRuns: 1000 },
    );
    expect(telemetry.unended()).toBe(0);
    expect(diagnostics).toEqual([]);
    for (const { name, attributes } of telemetry.spans()) {
      expect(name).toMatch(/^(HTTP|[A-Z]+)$/);
      for (const [key, value] of Object.entries(attributes)) {
        if (key !== 'url.path' && key !== 'http.request.method_original') expect(value ?? '').not.toBe('');
      }
    }
  });
});

test('two applications in one process never see each other’s requests (no-sdk:providers)', async () => {
  const other = startTelemetry();
  start({ target: '/one' }).end(response(200));
  start({ target: '/other' }, {}, other).end(response(200));
  expect(
    [telemetry, other].map((each) => each.spans().map(({ attributes }) => attributes['url.path'])),
  ).toEqual([['/one'], ['/other']]);
});

test('a getter without the optional functions is enough', () => {
  const {
    clientAddress,
    clientPort,
    peerAddress,
    peerPort,
    localAddress,
    localPort,
    transport,
    protocolVersion,
    route,
    ...required
  } = plainRequest;
  expect(Object.keys(required).sort()).toEqual([
    'authority',
    'get',
    'headerValues',
    'identity',
    'keys',
    'method',
    'scheme',
    'target',
  ]);
});
