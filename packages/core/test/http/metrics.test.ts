import { describe, expect, test } from '@jest/globals';
import type { Attributes, MeterProvider } from '@opentelemetry/api';
import { metrics, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { startTelemetry } from '@otel-middleware/testbed/telemetry';
import type { ActiveRequests, Instruments, RequestDescription } from '../../src/http/metrics.js';
import {
  addLabels,
  countActive,
  createInstruments,
  optInAttributes,
  recordRequest,
} from '../../src/http/metrics.js';
import { meterSource } from '../../src/otel/meter.js';
import { SCOPE } from '../plain-http.js';

const instrumentsSource = (
  scope: typeof SCOPE,
  provider: MeterProvider | undefined,
  optIn: ReadonlySet<string>,
): (() => Instruments) => meterSource(scope, provider, (meter) => createInstruments(meter, optIn));

const attributesFrom = (): ((request: RequestDescription) => Attributes) => {
  const { attributesOf } = instrumentsSource(SCOPE, startTelemetry().meterProvider, new Set())();
  return (request) => attributesOf(request, request.status, request.route, request.errorType);
};
const metricAttributes = (request: RequestDescription): Attributes => attributesFrom()(request);

const DURATION = 'http.server.request.duration';
const ACTIVE = 'http.server.active_requests';
const EVERY = new Set([ACTIVE, 'http.server.request.body.size', 'http.server.response.body.size']);
const UNKNOWN: RequestDescription = {
  method: 'GET',
  scheme: 'http',
  protocolVersion: undefined,
  status: undefined,
  route: undefined,
  errorType: undefined,
};

describe('attributes', () => {
  test('are exactly those of the convention (metric:duration)', () => {
    const known = { ...UNKNOWN, protocolVersion: '1.1', status: 500, route: '/a/:b', errorType: '500' };
    expect(metricAttributes(known)).toStrictEqual({
      'http.request.method': 'GET',
      'url.scheme': 'http',
      'http.response.status_code': 500,
      'http.route': '/a/:b',
      'network.protocol.version': '1.1',
      'error.type': '500',
    });
  });

  test('hold no key for what is unknown, so that none begins a time series of its own (attribute:no-nullish)', async () => {
    expect(metricAttributes(UNKNOWN)).toStrictEqual({ 'http.request.method': 'GET', 'url.scheme': 'http' });
    const { meterProvider, points } = startTelemetry();
    const instruments = instrumentsSource(SCOPE, meterProvider, EVERY)();
    recordRequest(instruments, 0.1, metricAttributes(UNKNOWN), {}, ROOT_CONTEXT);
    recordRequest(instruments, 0.1, { 'http.request.method': 'GET', 'url.scheme': 'http' }, {}, ROOT_CONTEXT);
    expect(await points(DURATION)).toHaveLength(1);
  });

  test('are one frozen object for requests that are alike, up to a thousand kinds of them', () => {
    const attributesOf = attributesFrom();
    const kinds: Partial<RequestDescription>[] = [
      {},
      { method: 'PUT' },
      { scheme: 'https' },
      { protocolVersion: '2' },
      { status: 200 },
      { status: 404 },
      { route: '/a' },
      { route: '/a', status: 500 },
      { route: '/a', status: 500, errorType: '500' },
    ];
    const all = kinds.map((kind) => attributesOf({ ...UNKNOWN, ...kind }));
    expect(all).toStrictEqual(kinds.map((kind) => metricAttributes({ ...UNKNOWN, ...kind })));
    for (const [index, kind] of kinds.entries()) {
      expect(attributesOf({ ...UNKNOWN, ...kind })).toBe(all[index]);
      expect(Object.isFrozen(all[index])).toBe(true);
    }
    for (let made = 0; made < 1000; made++) attributesOf({ ...UNKNOWN, route: `/made-up/${made}` });
    const late = { ...UNKNOWN, route: '/late' };
    expect(attributesOf(late)).toStrictEqual(metricAttributes(late));
    expect(attributesOf(late)).not.toBe(attributesOf(late));
    expect(attributesOf({ ...UNKNOWN })).toBe(all[0]);
  });

  test('of the span are added where they were opted in to and are known (attribute:opt-in)', () => {
    const span: Attributes = {
      'server.address': 'a',
      'user_agent.synthetic.type': 'bot',
      'client.address': 'c',
    };
    expect(optInAttributes(span, new Set())).toStrictEqual({});
    expect(optInAttributes(span, new Set(['server.address', 'server.port', 'client.address']))).toStrictEqual(
      {
        'server.address': 'a',
      },
    );
    expect(optInAttributes(span, new Set(['user_agent.synthetic.type']))).toStrictEqual({
      'user_agent.synthetic.type': 'bot',
    });
  });
});

describe('labels', () => {
  const added = (...all: Attributes[]): Attributes => {
    const labels: Attributes = {};
    for (const each of all) addLabels(labels, each);
    return labels;
  };
  const many = (count: number): Attributes =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`label.${index}`, index]));

  test('are strings, numbers and booleans; later values replace earlier ones (metric:labels)', () => {
    expect(added({ tenant: 'a', retries: 0, cached: false }, { tenant: 'b' })).toStrictEqual({
      tenant: 'b',
      retries: 0,
      cached: false,
    });
  });

  test('never hold another value, which would be a time series or an error in some SDK (metric:labels, attribute:no-nullish)', () => {
    const odd = { a: undefined, b: null, c: ['x'], d: {}, e: Symbol('x'), f: () => {}, g: 1n };
    expect(added(odd as unknown as Attributes)).toStrictEqual({});
  });

  test('are twenty at most, and those that are there can still change (metric:labels)', () => {
    const labels = added(many(30), { 'label.3': 'new', 'label.25': 'refused' });
    expect(labels).toStrictEqual({ ...many(20), 'label.3': 'new' });
  });

  test('are cut at one hundred characters (metric:labels)', () => {
    expect(added({ long: 'x'.repeat(101) })).toStrictEqual({ long: 'x'.repeat(100) });
  });

  test.each([
    'error.type',
    'http.request.method',
    'http.response.status_code',
    'http.route',
    'network.protocol.name',
    'network.protocol.version',
    'server.address',
    'server.port',
    'url.scheme',
    'user_agent.synthetic.type',
  ])('can never be %s, also where the request has none (metric:labels, error:type-agrees)', (name) => {
    expect(added({ [name]: 'forged', own: 'x' })).toStrictEqual({ own: 'x' });
  });

  test('of nothing are nothing: a handler that passes null is not made to fail', () => {
    expect(added(null as unknown as Attributes, undefined as unknown as Attributes)).toStrictEqual({});
  });

  test('can be called as the properties of every object are (metric:labels)', () => {
    const labels = added(many(20), { constructor: 'x', toString: 'y' } as unknown as Attributes);
    expect(Object.keys(labels)).toHaveLength(20);
  });
});

describe('instruments', () => {
  test('only the duration exists unless more is opted in to, with unit and advised buckets (metric:duration, attribute:opt-in)', async () => {
    const { meterProvider, histograms, metricNames } = startTelemetry();
    const instruments = instrumentsSource(SCOPE, meterProvider, new Set())();
    expect(instruments).toMatchObject({
      enabled: true,
      requestBodySize: undefined,
      responseBodySize: undefined,
      activeRequests: undefined,
    });
    recordRequest(instruments, 0.2, { a: 1 }, { requestBodySize: 1, responseBodySize: 2 }, ROOT_CONTEXT);
    expect(await metricNames()).toEqual([DURATION]);
    const boundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
    expect(await histograms(DURATION)).toEqual([
      expect.objectContaining({ sum: 0.2, count: 1, buckets: expect.objectContaining({ boundaries }) }),
    ]);
  });

  test('sizes are recorded where they are known, zero too (metric:size)', async () => {
    const { meterProvider, histograms } = startTelemetry();
    const instruments = instrumentsSource(SCOPE, meterProvider, EVERY)();
    recordRequest(instruments, 0.2, { a: 1 }, { requestBodySize: 0, responseBodySize: 7 }, ROOT_CONTEXT);
    recordRequest(instruments, 0.2, { a: 1 }, {}, ROOT_CONTEXT);
    const sizes = async (name: string) => (await histograms(name)).map(({ count, sum }) => [count, sum]);
    expect(await sizes('http.server.request.body.size')).toEqual([[1, 0]]);
    expect(await sizes('http.server.response.body.size')).toEqual([[1, 7]]);
  });

  test('are made once per provider, and anew when another is registered; without one they are off (metric:late-sdk)', async () => {
    const instruments = instrumentsSource(SCOPE, undefined, EVERY);
    expect(instruments().enabled).toBe(false);
    expect(instruments()).toBe(instruments());
    const first = startTelemetry();
    metrics.setGlobalMeterProvider(first.meterProvider);
    const made = instruments();
    expect(made.enabled).toBe(true);
    expect(instruments()).toBe(made);
    recordRequest(made, 1, { a: 1 }, {}, ROOT_CONTEXT);
    metrics.disable();
    const second = startTelemetry();
    metrics.setGlobalMeterProvider(second.meterProvider);
    recordRequest(instruments(), 2, { a: 1 }, {}, ROOT_CONTEXT);
    const sums = async ({ histograms }: typeof first) => (await histograms(DURATION)).map(({ sum }) => sum);
    expect([await sums(first), await sums(second)]).toEqual([[1], [2]]);
    metrics.disable();
  });

  test('a provider that was given wins over the global one (no-sdk:providers)', async () => {
    const own = startTelemetry();
    const global = startTelemetry();
    metrics.setGlobalMeterProvider(global.meterProvider);
    recordRequest(instrumentsSource(SCOPE, own.meterProvider, EVERY)(), 1, {}, {}, ROOT_CONTEXT);
    expect(await own.metricNames()).toContain(DURATION);
    expect(await global.metricNames()).toEqual([]);
    metrics.disable();
  });
});

describe('active requests', () => {
  const activeOf = (source: ReturnType<typeof instrumentsSource>) =>
    source().activeRequests as ActiveRequests;
  const point = (method: string, scheme: string, value: number) => ({
    attributes: { 'http.request.method': method, 'url.scheme': scheme },
    value,
  });

  test('are counted by method and scheme, and come back to zero (metric:active)', async () => {
    const { meterProvider, points } = startTelemetry();
    const active = activeOf(instrumentsSource(SCOPE, meterProvider, EVERY));
    countActive(active, 'GET', 'http', 1);
    countActive(active, 'GET', 'http', 1);
    countActive(active, 'POST', 'https', 1);
    expect(await points(ACTIVE)).toEqual([point('GET', 'http', 2), point('POST', 'https', 1)]);
    countActive(active, 'GET', 'http', -1);
    countActive(active, 'GET', 'http', -1);
    countActive(active, 'POST', 'https', -1);
    expect(await points(ACTIVE)).toEqual([point('GET', 'http', 0), point('POST', 'https', 0)]);
  });

  test('of two instrumentations on one meter are one count (metric:active)', async () => {
    const { meterProvider, points } = startTelemetry();
    const one = activeOf(instrumentsSource(SCOPE, meterProvider, EVERY));
    const other = activeOf(instrumentsSource(SCOPE, meterProvider, EVERY));
    countActive(one, 'GET', 'http', 1);
    countActive(other, 'GET', 'http', 1);
    expect(await points(ACTIVE)).toEqual([point('GET', 'http', 2)]);
    countActive(one, 'GET', 'http', -1);
    expect(await points(ACTIVE)).toEqual([point('GET', 'http', 1)]);
  });

  test('of two scopes are two counts (metric:active)', async () => {
    const { meterProvider, points } = startTelemetry();
    countActive(activeOf(instrumentsSource(SCOPE, meterProvider, EVERY)), 'GET', 'http', 1);
    countActive(
      activeOf(instrumentsSource({ ...SCOPE, name: 'other' }, meterProvider, EVERY)),
      'GET',
      'http',
      1,
    );
    expect(await points(ACTIVE)).toEqual([point('GET', 'http', 1), point('GET', 'http', 1)]);
  });
});

test('a span in the context is the exemplar of nothing but its own record: the context is handed on', () => {
  const span = trace.wrapSpanContext({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 });
  const seen: unknown[] = [];
  const histogram = { record: (...args: unknown[]) => seen.push(args) };
  const context = trace.setSpan(ROOT_CONTEXT, span);
  recordRequest(
    {
      enabled: true,
      duration: histogram,
      requestBodySize: histogram,
      responseBodySize: undefined,
      activeRequests: undefined,
      attributesOf: () => ({}),
    },
    0.5,
    { a: 1 },
    { requestBodySize: 3, responseBodySize: 4 },
    context,
  );
  expect(seen).toEqual([
    [0.5, { a: 1 }, context],
    [3, { a: 1 }, context],
  ]);
});
