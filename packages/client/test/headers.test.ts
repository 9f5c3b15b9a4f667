import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Attributes } from '@opentelemetry/api';
import { propagation } from '@opentelemetry/api';
import { W3CBaggagePropagator } from '@opentelemetry/core';
import type { HttpClientOptions } from '../src/index.js';
import { clients } from './clients.js';
import { reached } from './expected.js';
import { Origin } from './origin.js';
import { traced, useContextManager } from './traced.js';

let origin: Origin;
let other: Origin;
beforeAll(async () => {
  useContextManager();
  [origin, other] = await Promise.all([Origin.start(), Origin.start()]);
});
afterAll(() => Promise.all([origin.close(), other.close()]));
beforeEach(() => {
  origin.received.length = 0;
  other.received.length = 0;
});

const CAPTURE = 'OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT';
const SANITIZE = 'OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SANITIZE_FIELDS';

interface Case {
  readonly options?: HttpClientOptions;
  readonly variables?: Record<string, string>;
  readonly captured: Attributes;
}

const cases: Readonly<Record<string, Case>> = {
  'those named in the options, whole names in any case': {
    options: { captureRequestHeaders: ['X-Tenant-Id', 'tenant'], captureResponseHeaders: ['x-sh..f'] },
    captured: { 'http.request.header.x-tenant-id': ['acme'], 'http.response.header.x-shelf': ['top'] },
  },
  'those named in the environment': {
    variables: { [`${CAPTURE}_REQUEST`]: 'x-tenant-.*', [`${CAPTURE}_RESPONSE`]: 'x-shelf' },
    captured: { 'http.request.header.x-tenant-id': ['acme'], 'http.response.header.x-shelf': ['top'] },
  },
  'none, where an empty list switches the environment off': {
    options: { captureRequestHeaders: [], captureResponseHeaders: [] },
    variables: { [`${CAPTURE}_REQUEST`]: '.*', [`${CAPTURE}_RESPONSE`]: '.*' },
    captured: {},
  },
  'credentials without their values': {
    options: {
      captureRequestHeaders: ['authorization', 'x-tenant-id'],
      captureResponseHeaders: ['set-cookie'],
    },
    variables: { [SANITIZE]: 'tenant' },
    captured: {
      'http.request.header.authorization': ['[REDACTED]'],
      'http.request.header.x-tenant-id': ['[REDACTED]'],
      'http.response.header.set-cookie': ['[REDACTED]', '[REDACTED]'],
    },
  },
  'repeated ones one by one': {
    options: {
      captureResponseHeaders: ['set-cookie'],
      sanitizeHeaders: { replaceDefaults: true, names: [] },
    },
    captured: { 'http.response.header.set-cookie': ['a=1', 'b=2'] },
  },
};

describe.each(clients)('$name', (client) => {
  test.each(Object.keys(cases))('[client:headers] captured are %s', async (name) => {
    const { options = {}, variables = {}, captured } = cases[name]!;
    const url = `${origin.url}/ok`;
    const headers = { 'X-Tenant-ID': 'acme', Authorization: 'Bearer s3cret' };
    Object.assign(process.env, variables);
    const asked = traced(client, (ask) => ask(url, { headers }), options);
    for (const variable of Object.keys(variables)) delete process.env[variable];
    const { spans, telemetry } = await asked;
    expect(spans.map(({ attributes }) => attributes)).toEqual([
      reached(client, url, { attributes: captured }),
    ]);
    const sampled = Object.entries(telemetry.sampled[1] ?? {}).filter(([key]) => key.includes('.header.'));
    const ofRequest = Object.entries(captured).filter(([key]) => key.startsWith('http.request.'));
    expect(sampled.sort()).toEqual(ofRequest.sort());
  });

  test.each([
    ['an origin', () => [origin.url]],
    ['a regular expression', () => [new RegExp(`:${origin.port}$`, 'g')]],
  ])('[client:headers] propagation can be limited to %s', async (_, propagateTo) => {
    const { spans } = await traced(
      client,
      async (ask) => {
        for (const url of [origin.url, other.url, origin.url])
          await ask(`${url}/ok`, { headers: { 'x-a': '1' } });
      },
      { propagateTo: propagateTo() },
    );
    expect(spans).toHaveLength(3);
    expect(origin.received.map(({ headers }) => typeof headers.traceparent)).toEqual(['string', 'string']);
    expect(other.received.map(({ headers }) => [headers.traceparent, headers['x-a']])).toEqual([
      [undefined, '1'],
    ]);
  });

  test('[client:headers] the propagator of the options decides what is sent', async () => {
    const baggage = propagation.createBaggage({ shop: { value: 'bread' } });
    await traced(
      client,
      (ask) => ask(`${origin.url}/ok`, { headers: { traceparent: 'own' } }),
      { propagator: new W3CBaggagePropagator() },
      { within: (active) => propagation.setBaggage(active, baggage) },
    );
    expect(origin.received.map(({ headers }) => [headers.baggage, headers.traceparent])).toEqual([
      ['shop=bread', 'own'],
    ]);
  });

  test('[client:headers] without origins, nothing is propagated at all', async () => {
    await traced(client, (ask) => ask(`${origin.url}/ok`), { propagateTo: [] });
    expect(origin.received.map(({ headers }) => headers.traceparent)).toEqual([undefined]);
  });
});

describe.each(clients.filter(({ hops }) => hops === 'seen'))('$name', (client) => {
  test('[client:headers] [client:redirect] a redirect to another origin takes no trace headers along', async () => {
    const url = `${origin.url}/redirect?to=${encodeURIComponent(`${other.url}/ok`)}`;
    const { spans } = await traced(client, (ask) => ask(url), { propagateTo: [origin.url] });
    expect(spans).toHaveLength(2);
    expect([origin, other].map(({ received }) => typeof received[0]?.headers.traceparent)).toEqual([
      'string',
      'undefined',
    ]);
  });
});
