import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Attributes } from '@opentelemetry/api';
import { context, trace } from '@opentelemetry/api';
import { Telemetry } from '@otel-middleware/conformance';
import got from 'got';
import * as undici from 'undici';
import { instrumentFetch, instrumentHttpClients } from '../src/index.js';
import type { Client } from './clients.js';
import { clients } from './clients.js';
import { reached, unreached } from './expected.js';
import { Origin } from './origin.js';
import type { ClientSpan } from './traced.js';
import { recorded, recordingTo, rejection, traced, useContextManager } from './traced.js';

let origin: Origin;
beforeAll(async () => {
  useContextManager();
  origin = await Origin.start();
});
afterAll(() => origin.close());
beforeEach(() => {
  origin.received.length = 0;
});

const resent = (count: number): { attributes: Attributes } => ({
  attributes: { 'http.request.resend_count': count },
});
const redirectTo = (to: string, code = 302): string => `/redirect?code=${code}&to=${encodeURIComponent(to)}`;
const counts = (spans: readonly ClientSpan[]) =>
  spans.map(({ attributes }) => attributes['http.request.resend_count']);
const client = (name: string): Client => clients.find((one) => one.name === name)!;

describe.each(clients.filter(({ hops }) => hops === 'seen'))('$name', (one) => {
  test.each([false, true])(
    '[client:redirect] each hop is a span with its resend count (as a root: %s)',
    async (root) => {
      const hops = [redirectTo(redirectTo('/ok?n=1')), redirectTo('/ok?n=1'), '/ok?n=1'].map(
        (target) => origin.url + target,
      );
      const { result, spans, lines, parent } = await traced(one, (ask) => ask(hops[0]!), {}, { root });
      expect(result.status).toBe(200);
      expect(spans.map(({ attributes }) => attributes)).toEqual([
        reached(one, hops[0]!, { status: 302 }),
        reached(one, hops[1]!, { status: 302, ...resent(1) }),
        reached(one, hops[2]!, { ...resent(2) }),
      ]);
      expect(spans.map(({ status }) => status)).toEqual(Array(3).fill({ code: 0 }));
      expect(lines.map(({ parentSpanId }) => parentSpanId)).toEqual(Array(3).fill(parent?.spanId));
      expect(origin.takeSpanIds()).toEqual(lines.map(({ spanContext }) => spanContext.spanId));
    },
  );

  test('[client:redirect] a redirect that changes the method is a resend too', async () => {
    const url = origin.url + redirectTo('/ok', 303);
    const { spans } = await traced(one, (ask) => ask(url, { method: 'POST', body: 'x' }));
    expect(spans.map(({ name, attributes }) => [name, attributes['http.request.resend_count']])).toEqual([
      ['POST', undefined],
      ['GET', 1],
    ]);
  });

  test('[client:redirect] a circle of redirects is as many spans as requests', async () => {
    const circle = `${origin.url}/circle`;
    const { spans } = await traced(one, (ask) => rejection(ask(circle)));
    expect(spans.length).toBe(origin.received.length);
    expect(spans.length).toBeGreaterThan(5);
    expect(counts(spans)).toEqual(spans.map((_, index) => index || undefined));
  });

  test('[client:redirect] requests beside it are not counted', async () => {
    const { spans } = await traced(one, (ask) =>
      Promise.all([
        ask(origin.url + redirectTo('/ok?n=1')),
        ask(`${origin.url}/ok?n=2`),
        ask(origin.url + redirectTo('/ok?n=3')),
      ]),
    );
    const found = spans.map(({ attributes }) => [
      String(attributes['url.full']).slice(-3),
      attributes['http.request.resend_count'] ?? 0,
    ]);
    expect(found.filter(([target]) => /n=\d/.test(String(target))).sort()).toEqual([
      ['n=1', 1],
      ['n=2', 0],
      ['n=3', 1],
    ]);
  });
});

test('[client:redirect] where hops cannot be seen, the call is one span of the URL first asked for', async () => {
  const wrapped = client('a wrapped fetch');
  const url = origin.url + redirectTo('/status?code=404');
  const { spans } = await traced(wrapped, (ask) => ask(url));
  expect(spans.map(({ attributes }) => attributes)).toEqual([reached(wrapped, url, { status: 404 })]);
  const circle = await traced(wrapped, (ask) => rejection(ask(`${origin.url}/circle`)));
  expect(circle.spans.map(({ attributes, exceptions }) => [attributes, exceptions])).toEqual([
    [
      unreached(`${origin.url}/circle`, { attributes: { 'error.type': 'Error' } }),
      [['Error', 'redirect count exceeded']],
    ],
  ]);
});

test('[client:redirect] a redirect that the application follows itself is a resend', async () => {
  const telemetry = new Telemetry();
  const send = instrumentFetch(fetch, recordingTo(telemetry));
  const { spans } = await recorded(telemetry, async () => {
    const first = await send(origin.url + redirectTo('/ok'), { redirect: 'manual' });
    await send(new URL(first.headers.get('location')!, origin.url));
    await send(`${origin.url}/ok`);
  });
  expect(spans.map(({ attributes }) => attributes['http.response.status_code'])).toEqual([302, 200, 200]);
  expect(counts(spans)).toEqual([undefined, 1, undefined]);
});

/** Runs with all clients of the process instrumented. */
async function instrumented(run: () => Promise<unknown>, options: { root?: boolean } = {}) {
  const telemetry = new Telemetry();
  const { disable } = instrumentHttpClients(recordingTo(telemetry));
  return recorded(telemetry, run, options).finally(disable);
}

describe('retries', () => {
  const retry = {
    limit: 3,
    calculateDelay: ({ computedValue }: { computedValue: number }) => computedValue && 5,
  };
  const retrying = {
    got: () => got(`${origin.url}/flaky`, { retry }),
    'the retry interceptor of undici': async () => {
      const dispatcher = new undici.Agent().compose(
        undici.interceptors.retry({ minTimeout: 5, maxTimeout: 10 }),
      );
      const { body } = await undici.request(`${origin.url}/flaky`, { dispatcher });
      await body.dump();
    },
    'a loop of the application': async () => {
      while ((await fetch(`${origin.url}/flaky`)).status === 503);
    },
  };

  test.each(Object.keys(retrying) as (keyof typeof retrying)[])(
    '[client:redirect] each retry of %s has its count',
    async (name) => {
      origin.failTimes(2);
      const { spans, lines } = await instrumented(retrying[name]);
      expect(spans.map(({ attributes }) => attributes['http.response.status_code'])).toEqual([503, 503, 200]);
      expect(counts(spans)).toEqual([undefined, 1, 2]);
      expect(origin.takeSpanIds()).toEqual(lines.map(({ spanContext }) => spanContext.spanId));
    },
  );

  test('[client:redirect] a retry of a connection that failed is a resend', async () => {
    const { spans } = await instrumented(async () => {
      await rejection(fetch(`${origin.url}/reset`));
      await rejection(fetch(`${origin.url}/reset`));
    });
    expect(counts(spans)).toEqual([undefined, 1]);
  });

  test.each([
    ['of another method', () => fetch(`${origin.url}/status?code=503`, { method: 'HEAD' }), {}],
    ['for another URL', () => fetch(`${origin.url}/status?code=502`), {}],
    [
      'with no span around it, which may be a poll',
      () => fetch(`${origin.url}/status?code=503`),
      { root: true },
    ],
    [
      'inside another span',
      () => {
        const span = new Telemetry().tracerProvider.getTracer('application').startSpan('other');
        return context.with(trace.setSpan(context.active(), span), () =>
          fetch(`${origin.url}/status?code=503`),
        );
      },
      {},
    ],
  ])('[client:redirect] a later request %s is none', async (_, later, options) => {
    const { spans } = await instrumented(async () => {
      await fetch(`${origin.url}/status?code=503`);
      await later();
    }, options);
    expect(counts(spans)).toEqual([undefined, undefined]);
  });

  test('[client:redirect] a POST that comes again after a failure is none: no client repeats it of itself', async () => {
    const { spans } = await instrumented(async () => {
      await fetch(`${origin.url}/status?code=503`, { method: 'POST' });
      await fetch(`${origin.url}/status?code=503`, { method: 'POST' });
    });
    expect(counts(spans)).toEqual([undefined, undefined]);
  });

  test('[client:redirect] a request that comes again after an answer is none', async () => {
    const { spans } = await instrumented(async () => {
      for (const code of [200, 404]) for (const _ of [1, 2]) await fetch(`${origin.url}/status?code=${code}`);
    });
    expect(counts(spans)).toEqual(Array(4).fill(undefined));
  });

  test('[client:redirect] what is remembered of a context is bounded', async () => {
    const { spans } = await instrumented(async () => {
      for (let index = 0; index <= 100; index++) await fetch(`${origin.url}/status?code=503&n=${index}`);
      for (const index of [0, 2]) await fetch(`${origin.url}/status?code=503&n=${index}`);
    });
    expect(counts(spans).slice(-2)).toEqual([undefined, 1]);
  });
});
