import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { context, SpanStatusCode } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-node';
import type { Telemetry } from '@otel-middleware/testbed/telemetry';
import { startTelemetry } from '@otel-middleware/testbed/telemetry';
import type { PlainOptions, PlainRequest, PlainResponse } from '../plain-http.js';
import { instrument, response } from '../plain-http.js';

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
});
afterAll(() => context.disable());

const DURATION = 'http.server.request.duration';
let telemetry: Telemetry;
beforeEach(() => {
  telemetry = startTelemetry();
});

function start(request: PlainRequest = {}, options: PlainOptions = {}, from = telemetry) {
  const { tracerProvider, meterProvider } = from;
  const operation = instrument({ tracerProvider, meterProvider, ...options }).start(request);
  if (operation === undefined) throw new Error('no operation');
  return operation;
}

const metricAttributes = async (from = telemetry) =>
  (await from.points(DURATION)).map(({ attributes }) => attributes);
const full = (): PlainRequest => ({
  target: '/orders/42?a=1',
  authority: 'example.com:8080',
  clientAddress: '203.0.113.7',
  peerAddress: '10.0.0.1',
  peerPort: 1234,
  protocolVersion: '1.1',
  headers: { 'user-agent': ['curl/8'] },
});

test('all attributes of a request that went well, on the span and on the metric (attribute:start, metric:duration)', async () => {
  const operation = start(full());
  operation.setRoute('/orders/:id');
  operation.end(response(200));
  const [span] = telemetry.spans();
  expect(span?.name).toBe('GET /orders/:id');
  expect(span?.status).toEqual({ code: SpanStatusCode.UNSET });
  expect(span?.attributes).toStrictEqual({
    'http.request.method': 'GET',
    'url.path': '/orders/42',
    'url.query': 'a=1',
    'url.scheme': 'http',
    'server.address': 'example.com',
    'server.port': 8080,
    'client.address': '203.0.113.7',
    'user_agent.original': 'curl/8',
    'network.peer.address': '10.0.0.1',
    'network.peer.port': 1234,
    'network.protocol.version': '1.1',
    'http.response.status_code': 200,
    'http.route': '/orders/:id',
  });
  expect(await metricAttributes()).toStrictEqual([
    {
      'http.request.method': 'GET',
      'url.scheme': 'http',
      'http.response.status_code': 200,
      'http.route': '/orders/:id',
      'network.protocol.version': '1.1',
    },
  ]);
});

test('the peer’s port is left out without an address, as on UNIX sockets (attribute:no-nullish)', () => {
  start({ peerAddress: '', peerPort: 1 }).end(response(200));
  start({ peerAddress: '10.0.0.1' }).end(response(200));
  expect(
    telemetry
      .spans()
      .map(({ attributes }) => [attributes['network.peer.address'], attributes['network.peer.port']]),
  ).toEqual([
    [undefined, undefined],
    ['10.0.0.1', undefined],
  ]);
});

describe('the name (span:name-route)', () => {
  const nameAfter = (
    change: (operation: ReturnType<typeof start>) => void,
    request: PlainRequest = {},
    options: PlainOptions = {},
  ) => {
    const operation = start(request, options);
    operation.run(() => change(operation));
    operation.end(response(200));
    return telemetry.spans()[0]?.name;
  };

  test.each<[string, PlainRequest, string | undefined, string]>([
    ['without a route is the method', {}, undefined, 'GET'],
    ['has the root route', {}, '/', 'GET /'],
    ['of an unknown method begins with HTTP', { method: 'PURGE' }, '/x', 'HTTP /x'],
    ['of an unknown method without a route is HTTP', { method: 'purge' }, undefined, 'HTTP'],
    ['has the route that was known at the start', { route: '/known' }, '/known', 'GET /known'],
    ['has the last route, where the router matched again', { route: '/known' }, '/other', 'GET /other'],
  ])('%s', (_name, request, route, expected) => {
    expect(nameAfter((operation) => route !== undefined && operation.setRoute(route), request)).toBe(
      expected,
    );
  });

  test('that the request hook has set is final (span:name-hook-wins)', () => {
    const requestHook = (span: { updateName(name: string): unknown }) => void span.updateName('mine');
    expect(nameAfter((operation) => operation.setRoute('/x'), {}, { requestHook })).toBe('mine');
  });

  test('that the response hook has set is final (span:name-hook-wins)', () => {
    const responseHook = (span: { updateName(name: string): unknown }) => void span.updateName('mine');
    expect(nameAfter((operation) => operation.setRoute('/x'), {}, { responseHook })).toBe('mine');
  });
});

describe('the route', () => {
  test('that was taken back is not there (route:fall-through-404)', async () => {
    const operation = start();
    operation.setRoute('/x');
    operation.setRoute(undefined);
    operation.end(response(404));
    expect(telemetry.spans()[0]).toMatchObject({ name: 'GET' });
    expect(telemetry.spans()[0]?.attributes).not.toHaveProperty('http.route');
    expect(await metricAttributes()).toStrictEqual([
      { 'http.request.method': 'GET', 'url.scheme': 'http', 'http.response.status_code': 404 },
    ]);
  });

  test('that a hook has set on the span is the user’s, in name and metric too (route:same-everywhere)', async () => {
    const operation = start(
      { route: '/router' },
      { requestHook: (span) => void span.setAttribute('http.route', '/user') },
    );
    operation.run(() => {});
    operation.setRoute('/router/later');
    operation.end(response(200));
    expect(telemetry.spans()[0]).toMatchObject({ name: 'GET /user', attributes: { 'http.route': '/user' } });
    expect((await metricAttributes())[0]).toMatchObject({ 'http.route': '/user' });
  });

  test('that another instrumentation has written to the metadata is taken (nested:foreign-span)', () => {
    const operation = start();
    (operation as unknown as { route: string }).route = '/by/other';
    operation.end(response(200));
    expect(telemetry.spans()[0]).toMatchObject({
      name: 'GET /by/other',
      attributes: { 'http.route': '/by/other' },
    });
  });

  test('of a request that is not sampled is on the metric (route:unsampled-metrics)', async () => {
    const unsampled = startTelemetry({ sampler: new AlwaysOffSampler() });
    const operation = start(full(), {}, unsampled);
    operation.setRoute('/orders/:id');
    operation.end(response(503));
    expect(unsampled.spans()).toEqual([]);
    expect(await metricAttributes(unsampled)).toStrictEqual([
      {
        'http.request.method': 'GET',
        'url.scheme': 'http',
        'http.response.status_code': 503,
        'http.route': '/orders/:id',
        'network.protocol.version': '1.1',
        'error.type': '503',
      },
    ]);
  });

  test.each(['', undefined])('%j at the start is no route (attribute:no-nullish)', (route) => {
    start(route === undefined ? {} : { route }).end(response(200));
    expect(telemetry.spans()[0]?.name).toBe('GET');
    expect(telemetry.spans()[0]?.attributes).not.toHaveProperty('http.route');
  });

  test('that is empty is no route (attribute:no-nullish)', async () => {
    const operation = start();
    operation.setRoute('');
    operation.end(response(200));
    expect(telemetry.spans()[0]?.name).toBe('GET');
    expect((await metricAttributes())[0]).not.toHaveProperty('http.route');
  });
});

/** Status, error.type on span and metric, description, number of exceptions. */
async function outcomeOf(end: (operation: ReturnType<typeof start>) => void) {
  const operation = start();
  end(operation);
  const [span] = telemetry.spans();
  const [point] = await metricAttributes();
  return {
    code: span?.status.code,
    message: span?.status.message,
    status: span?.attributes['http.response.status_code'],
    type: span?.attributes['error.type'],
    metricType: point?.['error.type'],
    metricStatus: point?.['http.response.status_code'],
    exceptions: span?.events.map(({ attributes }) => attributes?.['exception.message']),
  };
}

const { UNSET, ERROR } = SpanStatusCode;
const outcome = (
  code: SpanStatusCode,
  status?: number,
  type?: string,
  message?: string,
  exceptions: string[] = [],
) => ({
  code,
  message,
  status,
  type,
  metricType: type,
  metricStatus: status,
  exceptions,
});

describe('the outcome (status:classes, error:type-agrees)', () => {
  test.each([200, 302, 404, 499])('%i', async (status) => {
    expect(await outcomeOf((operation) => operation.end(response(status)))).toEqual(outcome(UNSET, status));
  });

  test.each([500, 503])('%i', async (status) => {
    expect(await outcomeOf((operation) => operation.end(response(status)))).toEqual(
      outcome(ERROR, status, `${status}`),
    );
  });

  test('an error answered with 500 is recorded once, the first that was caught (error:thrown)', async () => {
    const ended = outcomeOf((operation) => {
      operation.recordError(new RangeError('first'));
      operation.recordError(new Error('second'));
      operation.end(response(500));
    });
    expect(await ended).toEqual(outcome(ERROR, 500, '500', undefined, ['first']));
  });

  test.each([200, 404, 418])(
    'an error answered with %i was handled and is not recorded (error:4xx, error:handler)',
    async (status) => {
      const ended = outcomeOf((operation) => {
        operation.recordError(new Error('handled'));
        operation.end(response(status));
      });
      expect(await ended).toEqual(outcome(UNSET, status));
    },
  );

  test('the client left before the head (error:abort)', async () => {
    expect(await outcomeOf((operation) => operation.end(response(undefined), { aborted: true }))).toEqual(
      outcome(ERROR, undefined, 'client_disconnected'),
    );
  });

  test('the client left within the body (error:abort)', async () => {
    expect(await outcomeOf((operation) => operation.end(response(200), { aborted: true }))).toEqual(
      outcome(ERROR, 200, 'client_disconnected'),
    );
  });

  test('an error answered with 404, then the client left: it was handled and is not recorded (error:4xx, error:abort)', async () => {
    const ended = outcomeOf((operation) => {
      operation.recordError(new Error('handled'));
      operation.end(response(404), { aborted: true });
    });
    expect(await ended).toEqual(outcome(ERROR, 404, 'client_disconnected'));
  });

  test('an error in the middle of the body (error:mid-stream)', async () => {
    const ended = outcomeOf((operation) => {
      operation.recordError(new RangeError('broken'));
      operation.end(response(200), { aborted: true });
    });
    expect(await ended).toEqual(outcome(ERROR, 200, 'RangeError', 'broken', ['broken']));
  });

  test('what the response was closed with outranks what was handled before (error:mid-stream)', async () => {
    const ended = outcomeOf((operation) => {
      operation.recordError(new Error('handled'));
      operation.end(response(200), { aborted: true, error: new RangeError('broken') });
    });
    expect(await ended).toEqual(outcome(ERROR, 200, 'RangeError', 'broken', ['broken']));
  });

  test('nothing was sent and nothing is known (error:before-head)', async () => {
    expect(await outcomeOf((operation) => operation.end())).toEqual(outcome(ERROR, undefined, '_OTHER'));
  });

  test('an error before anything was sent (error:before-head)', async () => {
    const ended = outcomeOf((operation) => {
      operation.recordError(new RangeError('early'));
      operation.end();
    });
    expect(await ended).toEqual(outcome(ERROR, undefined, 'RangeError', 'early', ['early']));
  });

  test('undefined can be thrown too (error:non-error)', async () => {
    const ended = outcomeOf((operation) => {
      operation.recordError(undefined);
      operation.end(response(500));
    });
    expect(await ended).toEqual(outcome(ERROR, 500, '500', undefined, ['undefined']));
  });
});

describe('opt-in (attribute:opt-in)', () => {
  test('the server’s name on metrics is what the span has (metric:duration)', async () => {
    start(full(), { optIn: ['server.address', 'server.port'] }).end(response(200));
    expect((await metricAttributes())[0]).toEqual({
      'http.request.method': 'GET',
      'url.scheme': 'http',
      'http.response.status_code': 200,
      'network.protocol.version': '1.1',
      'server.address': 'example.com',
      'server.port': 8080,
    });
  });

  test('body sizes: on the span, in the metric, in both, in none, as named (metric:size)', async () => {
    const sizes = { requestBodySize: 3, responseBodySize: 7 };
    const names = ['http.request.body.size', 'http.response.body.size'] as const;
    const metrics = ['http.server.request.body.size', 'http.server.response.body.size'] as const;
    for (const optIn of [[], [names[0]], [...names], [...metrics], [...names, ...metrics]]) {
      const from = startTelemetry();
      const operation = start({}, { optIn }, from);
      expect(operation.needs.bodySizes).toBe(optIn.length > 0);
      operation.end(response(200), sizes);
      const { attributes } = from.spans()[0] as { attributes: Record<string, unknown> };
      expect([attributes[names[0]], attributes[names[1]]]).toEqual([
        optIn.includes(names[0] as never) ? 3 : undefined,
        optIn.includes(names[1] as never) ? 7 : undefined,
      ]);
      const sums = await Promise.all(
        metrics.map(async (name) => (await from.histograms(name)).map(({ sum }) => sum)),
      );
      expect(sums).toEqual(optIn.includes(metrics[0] as never) ? [[3], [7]] : [[], []]);
    }
  });

  test('active requests come back to zero after any end (metric:active)', async () => {
    const optIn = ['http.server.active_requests'] as const;
    const active = async () =>
      (await telemetry.points('http.server.active_requests')).map(({ attributes, value }) => [
        attributes,
        value,
      ]);
    const operations = [200, 500, undefined].map((status) => ({
      status,
      operation: start({}, { optIn: [...optIn] }),
    }));
    const posted = start({ method: 'POST', scheme: 'https' }, { optIn: [...optIn] });
    const GET = { 'http.request.method': 'GET', 'url.scheme': 'http' };
    const POST = { 'http.request.method': 'POST', 'url.scheme': 'https' };
    expect(await active()).toEqual([
      [GET, 3],
      [POST, 1],
    ]);
    for (const { operation, status } of operations) {
      operation.end(response(status), { aborted: status === undefined });
      operation.end(response(status));
    }
    posted.end();
    expect(await active()).toEqual([
      [GET, 0],
      [POST, 0],
    ]);
  });

  test('active requests come back to zero although a span processor throws (metric:active, life:once)', async () => {
    const failing = {
      onStart: () => {},
      onEnd: () => {
        throw new Error('processor');
      },
      forceFlush: async () => {},
      shutdown: async () => {},
    };
    const from = startTelemetry({ processors: [failing] });
    const operation = start({}, { optIn: ['http.server.active_requests'] }, from);
    expect(() => operation.end(response(200))).not.toThrow();
    expect((await from.points('http.server.active_requests')).map(({ value }) => value)).toEqual([0]);
    expect(await from.points(DURATION)).toHaveLength(1);
  });
});

describe('one clock (life:after-response)', () => {
  const nanosOf = ([seconds, nanos]: readonly [number, number]) => seconds * 1e9 + nanos;
  const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  test('the duration of the span is the value of the metric, and what a hook does at the end is not in it', async () => {
    for (const milliseconds of [0, 3, 30]) {
      const from = startTelemetry();
      const before = performance.now();
      const operation = start({}, { responseHook: () => void busy(200) }, from);
      await sleep(milliseconds);
      operation.end(response(200));
      const elapsed = performance.now() - before;
      const measured = (await from.histograms(DURATION))[0]?.sum ?? 0;
      const span = nanosOf(from.spans()[0]?.duration ?? [0, 0]) / 1e9;
      expect(Math.abs(span - measured)).toBeLessThan(1e-6);
      expect(span * 1000).toBeGreaterThanOrEqual(milliseconds - 2);
      expect(span * 1000).toBeLessThanOrEqual(elapsed - 200);
    }
  });

  test('the start is the wall clock’s, within 50 ms', () => {
    const before = Date.now();
    start().end(response(200));
    expect(Math.abs(nanosOf(telemetry.spans()[0]?.startTime ?? [0, 0]) / 1e6 - before)).toBeLessThan(50);
  });

  test('a child that begins at once does not seem to begin before it, and an event not after its end', () => {
    for (let round = 0; round < 2000; round++) {
      const from = startTelemetry();
      const operation = start({}, {}, from);
      from.tracerProvider.getTracer('test').startSpan('child', {}, operation.context).end();
      operation.recordError(new Error('x'));
      operation.end(response(500));
      const [child, span] = from.spans();
      const startTime = nanosOf(span?.startTime ?? [0, 0]);
      expect(nanosOf(child?.startTime ?? [0, 0])).toBeGreaterThanOrEqual(startTime);
      expect(nanosOf(span?.events[0]?.time ?? [0, 0])).toBeLessThanOrEqual(nanosOf(span?.endTime ?? [0, 0]));
    }
  });

  test.each([3_600_000, -3_600_000])('also where that was set by %i ms since the process began', (shift) => {
    const { now } = Date;
    Date.now = () => now() + shift;
    try {
      const before = Date.now();
      const operation = start();
      operation.recordError(new Error('x'));
      operation.end(response(500));
      const [span] = telemetry.spans();
      for (const time of [span?.startTime, span?.endTime, span?.events[0]?.time]) {
        expect(Math.abs(nanosOf(time ?? [0, 0]) / 1e6 - before)).toBeLessThan(50);
      }
    } finally {
      Date.now = now;
    }
  });

  function busy(milliseconds: number): void {
    const end = performance.now() + milliseconds;
    while (performance.now() < end);
  }
});

test('ended again and again, in any manner, it is recorded once (life:once)', async () => {
  const operation = start();
  expect(operation.ended).toBe(false);
  operation.end(response(200));
  expect(operation.ended).toBe(true);
  operation.setRoute('/late');
  operation.recordError(new Error('late'));
  operation.end(response(500), { aborted: true });
  operation.end();
  expect(telemetry.spans()).toHaveLength(1);
  expect(telemetry.spans()[0]).toMatchObject({ name: 'GET', status: { code: UNSET }, events: [] });
  expect(await telemetry.histograms(DURATION)).toEqual([expect.objectContaining({ count: 1 })]);
});

test('response headers are captured at the end, also where the response has no body (header:capture)', () => {
  const answer: PlainResponse = response(204, { etag: ['e'], 'set-cookie': ['a=1', 'b=2'] });
  start({}, { captureResponseHeaders: ['.*'] }).end(answer);
  expect(telemetry.spans()[0]?.attributes).toMatchObject({
    'http.response.header.etag': ['e'],
    'http.response.header.set-cookie': ['[REDACTED]', '[REDACTED]'],
  });
});
