import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import type { SpanProcessor } from '@opentelemetry/sdk-trace-node';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { matrix, Telemetry, until } from '@otel-middleware/conformance';
import axios from 'axios';
import { fetch as undiciFetch } from 'undici';
import * as source from '../src/index.js';
import { instrumentFetch, instrumentHttpClients } from '../src/index.js';
import { clients } from './clients.js';
import { reached } from './expected.js';
import { Origin } from './origin.js';
import { recorded, recordingTo, traced, useContextManager } from './traced.js';

let origin: Origin;
beforeAll(async () => {
  useContextManager();
  origin = await Origin.start();
});
afterAll(() => origin.close());

const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

describe.each(clients)('$name', (client) => {
  test('[client:nested] under suppression there is nothing, and nothing is sent', async () => {
    origin.received.length = 0;
    const within = () => ROOT_CONTEXT.setValue(SUPPRESS_TRACING, true);
    const { result, spans, durations } = await traced(
      client,
      (ask) => ask(`${origin.url}/ok`),
      {},
      { within },
    );
    expect([result.status, spans, durations]).toEqual([200, [], []]);
    expect(origin.received.map(({ headers }) => headers.traceparent)).toEqual([undefined]);
  });

  test.each([
    ['a pattern for the path', 'healthz,/ok', {}],
    ['a list', [/^\/ok$/], {}],
    [
      'a predicate',
      [({ url, method }: { url: string; method: string }) => new URL(url).host !== '' && method === 'GET'],
      {},
    ],
    ['its own variable', undefined, { OTEL_NODE_CLIENT_EXCLUDED_URLS: '/ok', OTEL_NODE_EXCLUDED_URLS: 'x' }],
    ['the general variable', undefined, { OTEL_NODE_EXCLUDED_URLS: '^/o' }],
  ])('[client:nested] a request that %s excludes leaves nothing', async (_, excludedUrls, variables) => {
    origin.received.length = 0;
    const requestHook = () => expect('called').toBe('never');
    Object.assign(process.env, variables);
    const options = { requestHook, ...(excludedUrls && { excludedUrls }) };
    const asked = traced(client, (ask) => ask(`${origin.url}/ok?healthz`), options);
    for (const name of Object.keys(variables)) delete process.env[name];
    const { result, spans, durations } = await asked;
    expect([result.status, spans, durations]).toEqual([200, [], []]);
    expect(origin.received.map(({ headers }) => headers.traceparent)).toEqual([undefined]);
  });

  test('[client:nested] patterns look at neither host nor query', async () => {
    const { spans } = await traced(client, (ask) => ask(`${origin.url}/ok?healthz`), {
      excludedUrls: '127,healthz',
    });
    expect(spans).toHaveLength(1);
  });

  test('[client:nested] instrumented twice, also by another copy of the package, it is one span', async () => {
    const telemetry = new Telemetry();
    const copy: typeof source = createRequire(import.meta.url)('../dist/cjs/index.js');
    expect(copy.instrumentFetch).not.toBe(source.instrumentFetch);
    const others = [copy, source].map((one) => one.instrumentHttpClients(recordingTo(telemetry)));
    const { spans } = await traced(client, (ask) => ask(`${origin.url}/ok`), {}, { telemetry });
    for (const { disable } of others) disable();
    expect(spans).toHaveLength(1);
  });
});

test('[client:nested] [client:redirect] a wrapped fetch that the channels see as well is one span for the call', async () => {
  const telemetry = new Telemetry();
  const clientsOfProcess = instrumentHttpClients(recordingTo(telemetry));
  const url = `${origin.url}/redirect?to=/ok`;
  origin.received.length = 0;
  for (const fetching of [fetch, undiciFetch as unknown as typeof fetch]) {
    const send = instrumentFetch(instrumentFetch(fetching, recordingTo(telemetry)), recordingTo(telemetry));
    const { spans, lines } = await recorded(telemetry, () => send(url).then((response) => response.text()));
    expect(spans.map(({ attributes }) => attributes)).toEqual([reached({ showsConnection: false }, url)]);
    expect(origin.takeSpanIds()).toEqual(Array(2).fill(lines[0]?.spanContext.spanId));
  }
  clientsOfProcess.disable();
});

test('[client:nested] a request that follows a wrapped one, in its callbacks, is a span of its own', async () => {
  const telemetry = new Telemetry();
  const send = instrumentFetch(fetch, recordingTo(telemetry));
  const { spans, lines, parent } = await recorded(telemetry, () =>
    send(`${origin.url}/ok`).then(() => send(`${origin.url}/echo`)),
  );
  expect(spans).toHaveLength(2);
  expect(lines.map(({ parentSpanId }) => parentSpanId)).toEqual([parent?.spanId, parent?.spanId]);
});

describe('the requests of a real OTLP exporter', () => {
  /** A collector that notes who sends it what. */
  async function startCollector() {
    const requests: [path: string | undefined, userAgent: string | undefined][] = [];
    const server = createServer((request, response) => {
      requests.push([request.url, request.headers['user-agent']]);
      request.resume().on('end', () => response.end('{}'));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return { server, requests, url: `http://127.0.0.1:${port}/v1/traces` };
  }

  /** Exports what ends in `telemetry` as it ends. */
  function exporting(telemetry: Telemetry, url: string): SpanProcessor {
    const exporter = new OTLPTraceExporter({ url });
    const options = { scheduledDelayMillis: 10 };
    const Processor = BatchSpanProcessor as new (...args: unknown[]) => SpanProcessor;
    const processor =
      matrix.sdkLine === 3 ? new Processor({ exporter, ...options }) : new Processor(exporter, options);
    const push = telemetry.ended.push.bind(telemetry.ended);
    telemetry.ended.push = (...spans) => {
      for (const span of spans) processor.onEnd(span);
      return push(...spans);
    };
    return processor;
  }

  test.each([true, false])('[client:nested] are not traced (with a context manager: %s)', async (managed) => {
    const collector = await startCollector();
    const telemetry = new Telemetry();
    const processor = exporting(telemetry, collector.url);
    if (!managed) context.disable();
    const { disable } = instrumentHttpClients(recordingTo(telemetry));
    try {
      await axios.get(`${origin.url}/ok`);
      await until(
        () => collector.requests.length > 0,
        () => 'the export',
      );
      // A second one would follow at once.
      await sleep(100);
      expect(collector.requests).toEqual([['/v1/traces', expect.stringMatching(/^OTel-OTLP-Exporter/)]]);
      expect(telemetry.ended.map(({ attributes }) => attributes['url.full'])).toEqual([`${origin.url}/ok`]);
    } finally {
      disable();
      if (!managed) useContextManager();
      await processor.shutdown();
      collector.server.close();
      collector.server.closeAllConnections();
    }
  });
});
