import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Attributes } from '@opentelemetry/api';
import { metrics, trace } from '@opentelemetry/api';
import type { Histogram } from '@opentelemetry/sdk-metrics';
import { Telemetry } from '@otel-middleware/conformance';
import { instrumentFetch } from '../src/index.js';
import { clients } from './clients.js';
import { closedUrl, Origin } from './origin.js';
import { rejection, traced, useContextManager } from './traced.js';

let origin: Origin;
beforeAll(async () => {
  useContextManager();
  origin = await Origin.start();
});
afterAll(() => origin.close());

const NAME = 'http.client.request.duration';

describe.each(clients)('$name', (client) => {
  test('[client:metrics] every outcome is measured, with the attributes of the convention and no others', async () => {
    const refusing = await closedUrl();
    const { durations } = await traced(client, async (ask) => {
      await ask(`${origin.url}/ok?q=1`, { headers: { 'x-a': '1' } });
      await ask(`${origin.url}/status?code=404`);
      await ask(`${origin.url}/status?code=500`);
      await rejection(ask(`${refusing}/a`));
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 30);
      await rejection(ask(`${origin.url}/slow`, { signal: controller.signal }));
    });
    const version = client.showsConnection ? { 'network.protocol.version': '1.1' } : {};
    // Node shows it with the response, undici when it sends.
    const versionWhenSent = ['node:http', 'axios', 'got'].includes(client.name) ? {} : version;
    const at = (url: string, attributes: Attributes): [Attributes, number] => {
      const server = { 'server.address': '127.0.0.1', 'server.port': Number(new URL(url).port) };
      return [{ 'http.request.method': 'GET', ...server, ...attributes }, 1];
    };
    expect(durations).toEqual([
      at(origin.url, { 'http.response.status_code': 200, ...version }),
      at(origin.url, { 'http.response.status_code': 404, 'error.type': '404', ...version }),
      at(origin.url, { 'http.response.status_code': 500, 'error.type': '500', ...version }),
      at(refusing, { 'error.type': 'ECONNREFUSED' }),
      at(origin.url, versionWhenSent),
    ]);
  });

  test('[client:metrics] it is the duration of the span, until the head, in seconds and the advised buckets', async () => {
    const { telemetry, lines } = await traced(client, (ask) => ask(`${origin.url}/late?millis=60`));
    const metric = (await telemetry.metrics()).find(({ descriptor }) => descriptor.name === NAME)!;
    const { sum, buckets } = metric.dataPoints[0]!.value as Histogram;
    expect(sum).toBeCloseTo(lines[0]!.seconds, 6);
    expect(sum).toBeGreaterThanOrEqual(0.055);
    expect(buckets.boundaries).toEqual([
      0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
    ]);
    expect([metric.descriptor.unit, metric.descriptor.description]).toEqual([
      's',
      'Duration of HTTP client requests.',
    ]);
  });

  test('[client:metrics] it points to its span', async () => {
    const { telemetry, lines } = await traced(client, (ask) => ask(`${origin.url}/ok`));
    expect(telemetry.measurements.map(({ spanContext }) => spanContext?.spanId)).toEqual(
      lines.map(({ spanContext }) => spanContext.spanId),
    );
  });
});

test('[client:metrics] [client:span] an SDK that is registered after the instrumentation is found', async () => {
  const telemetry = new Telemetry();
  const send = instrumentFetch(fetch);
  await send(`${origin.url}/ok`);
  trace.setGlobalTracerProvider(telemetry.tracerProvider);
  metrics.setGlobalMeterProvider(telemetry.meterProvider);
  try {
    await send(`${origin.url}/ok`);
    const measured = (await telemetry.metrics()).map(({ descriptor, dataPoints }) => [
      descriptor.name,
      dataPoints.length,
    ]);
    expect([telemetry.ended.length, measured]).toEqual([1, [[NAME, 1]]]);
  } finally {
    trace.disable();
    metrics.disable();
  }
});
