import { expect } from '@jest/globals';
import type { SpanContext } from '@opentelemetry/api';
import { context, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import type { SystemUnderTest } from '../../driver/system-under-test.js';
import type { Exchange } from '../../expect/exchange.js';
import type { Requires } from '../register-tests.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';
const SAMPLED = `00-${TRACE_ID}-${SPAN_ID}-01`;
const UNSAMPLED = `00-${TRACE_ID}-${SPAN_ID}-00`;
const caller: SpanContext = {
  traceId: TRACE_ID,
  spanId: SPAN_ID,
  traceFlags: TraceFlags.SAMPLED,
  isRemote: true,
};

/** Lines of `traceparent` that must not be continued, and why. */
const INVALID: Readonly<Record<string, readonly string[]>> = {
  empty: [''],
  'not a traceparent': ['garbage'],
  'a version alone': ['00'],
  'a short trace id': [`00-${TRACE_ID.slice(1)}-${SPAN_ID}-01`],
  'a zero trace id': [`00-${'0'.repeat(32)}-${SPAN_ID}-01`],
  'a zero span id': [`00-${TRACE_ID}-${'0'.repeat(16)}-01`],
  'upper case': [SAMPLED.toUpperCase()],
  'no hexadecimal digits': [`00-${'g'.repeat(32)}-${SPAN_ID}-01`],
  'flags of one digit': [`00-${TRACE_ID}-${SPAN_ID}-1`],
  'version 00 with more than four fields': [`${SAMPLED}-extra`],
  'the forbidden version ff': [SAMPLED.replace(/^00/, 'ff')],
  'two equal lines': [SAMPLED, SAMPLED],
  'two different lines': [SAMPLED, `00-${TRACE_ID}-${'c'.repeat(16)}-01`],
  'two members in one line': [`${SAMPLED}, ${SAMPLED}`],
};

/** Lines of `traceparent` that must be continued, and why. */
const VALID: Readonly<Record<string, string>> = {
  'version 00': SAMPLED,
  'white space around the value': `  ${SAMPLED} \t`,
  'flags of the future': `00-${TRACE_ID}-${SPAN_ID}-ff`,
  'a version of the future': SAMPLED.replace(/^00/, 'cc'),
  'a version of the future with more fields': `${SAMPLED.replace(/^00/, 'cc')}-what-the-future-holds`,
};

/** Sends lines of `traceparent` byte for byte to the endpoint `order`. */
async function sendTraceparent(app: SystemUnderTest, lines: readonly string[]): Promise<Exchange> {
  const fields = lines.map((line) => ['traceparent', line] as const);
  const headers = [['Host', 'example.com'], ...fields, ['Connection', 'close']] as const;
  const [exchange] = await app.raw({ target: '/orders/42', headers });
  return { ...(exchange as Exchange), endpoint: 'order' };
}

/** Propagation into the request. */
export function contextPropagation(requires: Requires): void {
  requires(
    'propagation:parent',
    'the caller is the remote parent, in whatever case headers are written',
    async ({ start }) => {
      const app = await start();
      const headers = {
        TraceParent: SAMPLED,
        TRACESTATE: 'congo=t61rcWkgMzE,rojo=1',
        Baggage: 'tenant=acme,plan=gold',
      };
      const exchange = await app.ask('outbound', { headers });
      const spans = await app.spans(2);
      expect(spans[1]).toEqual(app.expected(exchange, { parent: caller }));
      const outbound = app.spanContext(0);
      expect(app.spanContext(1).traceState?.serialize()).toBe('congo=t61rcWkgMzE,rojo=1');
      expect(JSON.parse(exchange.body)).toEqual({
        headers: {
          traceparent: `00-${TRACE_ID}-${outbound.spanId}-01`,
          tracestate: 'congo=t61rcWkgMzE,rojo=1',
          baggage: 'tenant=acme,plan=gold',
        },
        baggage: [
          ['tenant', { value: 'acme' }],
          ['plan', { value: 'gold' }],
        ],
      });
    },
  );

  requires('propagation:parent', 'a request without a caller begins a trace', async ({ start }) => {
    const app = await start();
    const exchanges = [
      await app.ask('order'),
      await app.ask('order', { headers: { tracestate: 'congo=1' } }),
    ];
    expect(await app.spans(2)).toEqual(exchanges.map((exchange) => app.expected(exchange)));
    expect(app.spanContext(1).traceState).toBeUndefined();
  });

  requires(
    'propagation:unsampled',
    'nothing of an unsampled request is exported, and its metrics are complete',
    async ({ start }) => {
      const app = await start();
      const exchange = await app.ask('outbound', { headers: { traceparent: UNSAMPLED } });
      const { headers } = JSON.parse(exchange.body);
      expect(headers.traceparent).toMatch(new RegExp(`^00-${TRACE_ID}-(?!${SPAN_ID})[0-9a-f]{16}-00$`));
      const failed = await app.ask('thrown', { headers: { traceparent: UNSAMPLED } });
      expect(await app.durations(2)).toEqual([
        { attributes: app.expectedMetric(exchange), count: 1 },
        { attributes: app.expectedMetric(failed), count: 1 },
      ]);
      expect(app.telemetry.ended).toEqual([]);
    },
  );

  requires('propagation:invalid', 'headers that are not valid begin a trace', async ({ start }) => {
    const app = await start();
    const expected = [];
    for (const lines of Object.values(INVALID))
      expected.push(app.expected(await sendTraceparent(app, lines)));
    const spans = await app.spans(expected.length);
    const kinds = Object.keys(INVALID);
    expect(spans.map((span, index) => [kinds[index], span])).toEqual(
      expected.map((span, index) => [kinds[index], span]),
    );
  });

  requires(
    'propagation:invalid',
    'headers that are valid are continued, of later versions too',
    async ({ start }) => {
      const app = await start();
      const expected = [];
      for (const line of Object.values(VALID)) {
        expected.push(app.expected(await sendTraceparent(app, [line]), { parent: caller }));
      }
      const spans = await app.spans(expected.length);
      const kinds = Object.keys(VALID);
      expect(spans.map((span, index) => [kinds[index], span])).toEqual(
        expected.map((span, index) => [kinds[index], span]),
      );
    },
  );

  for (const state of ['ended', 'running'] as const) {
    requires(
      'propagation:ambient',
      `a foreign span that is ${state} is not the parent`,
      async ({ start }) => {
        const other = await start();
        const foreign = other.application.tracer.startSpan('foreign');
        if (state === 'ended') foreign.end();
        const app = await start({ ambient: trace.setSpan(ROOT_CONTEXT, foreign) });
        const exchange = await context.with(trace.setSpan(ROOT_CONTEXT, foreign), () => app.ask('outbound'));
        expect((await app.spans(2))[1]).toEqual(app.expected(exchange));
        expect(app.spanContext(1).traceId).not.toBe(foreign.spanContext().traceId);
        if (state === 'running') foreign.end();
      },
    );
  }

  requires('propagation:public', 'on a public endpoint the caller becomes a link', async ({ start }) => {
    const app = await start({ options: { publicEndpoint: true } });
    const headers = { traceparent: SAMPLED, tracestate: 'congo=1', baggage: 'tenant=acme' };
    const exchange = await app.ask('outbound', { headers });
    expect((await app.spans(2))[1]).toEqual(app.expected(exchange, { links: [caller] }));
    const { traceId } = app.spanContext(1);
    expect(traceId).not.toBe(TRACE_ID);
    const outbound = app.spanContext(0);
    expect(JSON.parse(exchange.body)).toEqual({
      headers: { traceparent: `00-${traceId}-${outbound.spanId}-01` },
      baggage: [],
    });
  });

  requires(
    'propagation:public',
    'an unsampled stranger does not decide about sampling',
    async ({ start }) => {
      const app = await start({ options: { publicEndpoint: true } });
      const exchange = await app.ask('order', { headers: { traceparent: UNSAMPLED } });
      expect(await app.spans(1)).toEqual([app.expected(exchange, { links: [caller] })]);
    },
  );

  requires('propagation:public', 'a predicate tells strangers from friends', async ({ start, adapter }) => {
    const isStranger = (request: unknown): boolean =>
      adapter.native.requestHeader(request, 'x-friend') == null;
    const app = await start({ options: { publicEndpoint: isStranger } });
    const stranger = await app.ask('order', { headers: { traceparent: SAMPLED } });
    const friend = await app.ask('order', { headers: { traceparent: SAMPLED, 'X-Friend': 'yes' } });
    const nobody = await app.ask('order');
    expect(await app.spans(3)).toEqual([
      app.expected(stranger, { links: [caller] }),
      app.expected(friend, { parent: caller }),
      app.expected(nobody),
    ]);
  });
}
