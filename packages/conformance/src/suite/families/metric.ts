import { expect } from '@jest/globals';
import { metrics, propagation, trace } from '@opentelemetry/api';
import type { HistogramMetricData } from '@opentelemetry/sdk-metrics';
import { createPropagator } from '../../driver/sdk.js';
import { CLIENT_DISCONNECTED } from '../../expect/expected-span.js';
import type { Requires } from '../register-tests.js';

const UNSAMPLED = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00' };

/** Metrics of the server. */
export function metric(requires: Requires): void {
  requires(
    'metric:duration',
    'instrument, buckets and attributes are the convention’s',
    async ({ start }) => {
      const app = await start();
      const exchange = await app.ask('order');
      await app.ask('order');
      await app.request('/orders/7?a=1', { endpoint: 'order' });
      expect(await app.durations(3)).toEqual([{ attributes: app.expectedMetric(exchange), count: 3 }]);
      const found = (await app.telemetry.metrics()) as readonly HistogramMetricData[];
      expect(
        found.map(({ descriptor: { name, unit, description } }) => ({ name, unit, description })),
      ).toEqual([
        { name: 'http.server.request.duration', unit: 's', description: 'Duration of HTTP server requests.' },
      ]);
      expect(found[0]?.dataPoints[0]?.value.buckets.boundaries).toEqual([
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
      ]);
      await app.spans(3);
    },
  );

  requires('metric:duration', 'every outcome is recorded, in the context of its span', async ({ start }) => {
    const app = await start();
    const exchanges = [
      await app.ask('order'),
      await app.ask('unmatched'),
      await app.ask('thrown'),
      await app.ask('redirect'),
    ];
    const purge = await app.request('/nowhere', { method: 'PURGE' });
    const gone = await app.abandon('hang');
    await app.spans(6);
    const points = await app.durations(6);
    expect(points).toEqual([
      ...[...exchanges, purge].map((exchange) => ({ attributes: app.expectedMetric(exchange), count: 1 })),
      { attributes: app.expectedMetric(gone, { errorType: CLIENT_DISCONNECTED }), count: 1 },
    ]);
    const recordedIn = app.telemetry.measurements.map(({ spanContext }) => spanContext?.spanId);
    expect(recordedIn).toEqual(app.telemetry.ended.map((span) => span.spanContext().spanId));
  });

  requires('metric:duration', 'unsampled and abandoned requests count too', async ({ start }) => {
    const app = await start();
    const exchange = await app.ask('order', { headers: UNSAMPLED });
    const gone = await app.abandonBody('stream');
    await app.spans(1);
    expect(await app.durations(2)).toEqual([
      { attributes: app.expectedMetric(exchange), count: 1 },
      { attributes: app.expectedMetric(gone, { errorType: CLIENT_DISCONNECTED }), count: 1 },
    ]);
  });

  requires(
    'metric:labels',
    'attributes of a handler are on its request’s metrics alone',
    async ({ start }) => {
      const app = await start();
      const labelled = await app.ask('labels');
      const exchange = await app.ask('order');
      await app.spans(2);
      expect(await app.durations(2)).toEqual([
        {
          attributes: {
            ...app.expectedMetric(labelled),
            'app.tenant': 'acme',
            'app.priority': 2,
            'app.beta': true,
          },
          count: 1,
        },
        { attributes: app.expectedMetric(exchange), count: 1 },
      ]);
    },
  );

  requires('metric:labels', 'number and length of added attributes are limited', async ({ start }) => {
    const app = await start();
    const exchange = await app.ask('tooManyLabels');
    const numbered = Object.fromEntries(
      Array.from({ length: 19 }, (_, index) => [`app.label.${index}`, index]),
    );
    const attributes = { ...app.expectedMetric(exchange), ...numbered, 'app.long': 'x'.repeat(100) };
    expect(await app.durations(1)).toEqual([{ attributes, count: 1 }]);
  });

  requires(
    'metric:late-sdk',
    'an SDK registered after the middleware was made is used',
    async ({ start }) => {
      const app = await start({ providers: false });
      await app.ask('order');
      trace.setGlobalTracerProvider(app.telemetry.tracerProvider);
      metrics.setGlobalMeterProvider(app.telemetry.meterProvider);
      propagation.setGlobalPropagator(createPropagator());
      try {
        const parent = {
          traceId: '0af7651916cd43dd8448eb211c80319c',
          spanId: 'b7ad6b7169203331',
          traceFlags: 1,
        };
        const headers = { traceparent: `00-${parent.traceId}-${parent.spanId}-01` };
        const exchange = await app.ask('order', { headers });
        expect(await app.spans(1)).toEqual([app.expected(exchange, { parent })]);
        expect(await app.durations(1)).toEqual([{ attributes: app.expectedMetric(exchange), count: 1 }]);
      } finally {
        trace.disable();
        metrics.disable();
        propagation.disable();
      }
    },
  );
}
