import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { withVariables } from '@otel-middleware/conformance';
import type { CommentOptions, QueryCommentOptions } from '../src/index.js';
import { commentQuery, queryTags } from '../src/index.js';
import { TRACE_ID, TracedServer, tagsOf, UNSAMPLED } from './traced-server.js';

let server: TracedServer;
beforeAll(async () => {
  server = await TracedServer.start();
});
afterAll(() => server.stop());

const STATE = 'congo=t61rcWkgMzE,rojo=00f067aa0ba902b7';

describe('[sql:tags] commentQuery', () => {
  test('tells the request: framework, route and trace context', async () => {
    const headers = { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01`, tracestate: STATE };
    const sql = await server.request(() => commentQuery('SELECT 1;'), { headers });
    const state = 'congo%3Dt61rcWkgMzE%2Crojo%3D00f067aa0ba902b7';
    expect(sql).toBe(
      `SELECT 1 /*framework='node-http',route='%2Forders%2F%3Aid',traceparent='${server.lastTraceparent()}',tracestate='${state}'*/;`,
    );
  });

  test('names the span that is active, here a child of the server span', async () => {
    const tracer = server.telemetry.tracerProvider.getTracer('application');
    const [sql, id] = await server.request(() =>
      tracer.startActiveSpan('child', (child) => {
        child.end();
        return [commentQuery('SELECT 1'), child.spanContext().spanId] as const;
      }),
    );
    expect(tagsOf(sql).traceparent).toBe(`00-${TRACE_ID}-${id}-01`);
    expect(tagsOf(sql).route).toBe('/orders/:id');
  });

  test('of an unsampled request tells all but the trace, which is not to be found', async () => {
    const options = { application: 'shop' };
    const tags = await server.request(() => queryTags(options), {
      headers: { ...UNSAMPLED, tracestate: STATE },
    });
    expect(tags).toEqual({ application: 'shop', framework: 'node-http', route: '/orders/:id' });
  });

  test('outside a request tells what is constant, or nothing', () => {
    expect(commentQuery('SELECT 1')).toBe('SELECT 1');
    expect(commentQuery('SELECT 1', { application: 'shop', framework: 'cron' })).toBe(
      "SELECT 1 /*application='shop',framework='cron'*/",
    );
  });

  test('outside a request tells a span of the application’s own', () => {
    const tracer = server.telemetry.tracerProvider.getTracer('application');
    const tags = tracer.startActiveSpan('job', (span) => {
      span.end();
      return [
        queryTags(),
        { traceparent: `00-${span.spanContext().traceId}-${span.spanContext().spanId}-01` },
      ];
    });
    expect(tags[0]).toEqual(tags[1]);
  });

  test('shows all flags of the trace', () => {
    const spanContext = { traceId: TRACE_ID, spanId: 'b7ad6b7169203331', traceFlags: 3 };
    const { traceparent } = withSpan(spanContext, () => queryTags());
    expect(traceparent).toBe(`00-${TRACE_ID}-b7ad6b7169203331-03`);
  });

  test('does not show a trace that is none', () => {
    const spanContext = { traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 1 };
    expect(withSpan(spanContext, () => queryTags())).toEqual({});
  });

  test.each<[string, CommentOptions, readonly string[]]>([
    ['framework', { framework: false }, ['application', 'route', 'traceparent', 'tracestate']],
    ['route', { route: false }, ['application', 'framework', 'traceparent', 'tracestate']],
    ['tracestate', { tracestate: false }, ['application', 'framework', 'route', 'traceparent']],
    ['traceparent, and the state with it', { traceparent: false }, ['application', 'framework', 'route']],
    ['application', { application: false }, ['framework', 'route', 'traceparent', 'tracestate']],
    ['all', { application: false, framework: false, route: false, traceparent: false }, []],
  ])('leaves out %s', async (_, options, names) => {
    const headers = { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01`, tracestate: STATE };
    const tags = await server.request(() => queryTags({ application: 'shop', ...options }), { headers });
    expect(Object.keys(tags)).toEqual(names);
  });

  test('gives a prepared statement nothing that varies', async () => {
    const options = { application: 'shop', prepared: true };
    const inside = await server.request(() => commentQuery('SELECT 1', options));
    expect(inside).toBe("SELECT 1 /*application='shop'*/");
    expect(commentQuery('SELECT 1', options)).toBe(inside);
    const named = { framework: 'express', prepared: true };
    expect(await server.request(() => commentQuery('SELECT 1', named))).toBe(
      "SELECT 1 /*framework='express'*/",
    );
    expect(await server.request(() => commentQuery('SELECT 1', { prepared: true }))).toBe('SELECT 1');
  });

  test.each<[QueryCommentOptions['dialect'], string]>([
    ['postgresql', 'SELECT 1 # 2'],
    ['mysql', 'SELECT 1--1'],
    ['sqlite', 'SELECT [--]'],
  ])('reads the statement by the rules of %s', (dialect, sql) => {
    expect(commentQuery(sql, { application: 'shop', dialect })).toBe(`${sql} /*application='shop'*/`);
    expect(commentQuery('SELECT 1 /* mine */', { application: 'shop', dialect })).toBe('SELECT 1 /* mine */');
  });

  test('takes the name of the application from the environment, which an option beats', async () => {
    await withVariables({ OTEL_SERVICE_NAME: 'from-environment' }, async () => {
      expect(queryTags({})).toEqual({ application: 'from-environment' });
      expect(queryTags({ application: 'mine' })).toEqual({ application: 'mine' });
      expect(queryTags({ application: false })).toEqual({});
    });
    await withVariables({ OTEL_SERVICE_NAME: '' }, async () => expect(queryTags({})).toEqual({}));
  });

  test.each<[object | string | null, RegExp]>([
    [{ routes: false }, /no option "routes"\. Remove it, or use one of application, framework, route, /],
    [{ application: '' }, /option "application" must be the name of the application, or false\./],
    [{ framework: 5 }, /option "framework" must be true, false, or the name of a framework\./],
    [{ route: 'yes' }, /option "route" must be true or false\./],
    [{ traceparent: null }, /option "traceparent" must be true or false\./],
    [{ dialect: 'oracle' }, /option "dialect" must be one of postgresql, mysql, sqlite\./],
    [{ prepared: 1 }, /option "prepared" must be true or false\./],
    ['mysql', /options must be an object\./],
    [null, /options must be an object\./],
  ])('refuses %j with the cure', (options, message) => {
    const call = (): string => commentQuery('SELECT 1', options as QueryCommentOptions);
    expect(call).toThrow(TypeError);
    expect(call).toThrow(message);
    expect(call).toThrow(/^@otel-middleware\/sqlcommenter: /);
  });
});

function withSpan<T>(spanContext: Parameters<typeof trace.wrapSpanContext>[0], work: () => T): T {
  const span = trace.wrapSpanContext(spanContext);
  return context.with(trace.setSpan(ROOT_CONTEXT, span), work);
}
