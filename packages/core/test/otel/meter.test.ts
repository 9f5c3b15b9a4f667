import { afterEach, describe, expect, test } from '@jest/globals';
import { createNoopMeter, metrics } from '@opentelemetry/api';
import { startTelemetry } from '@otel-middleware/testbed/telemetry';
import { durationHistogram, isEnabled, meterSource } from '../../src/otel/meter.js';
import { SCOPE } from '../plain-http.js';

afterEach(() => metrics.disable());

describe('instruments (metric:late-sdk)', () => {
  test('are created once per provider, and anew when another one takes its place', () => {
    const created: boolean[] = [];
    const source = meterSource(SCOPE, undefined, (meter) => {
      created.push(isEnabled(meter));
      return created.length;
    });
    expect([source(), source()]).toEqual([1, 1]);
    metrics.setGlobalMeterProvider(startTelemetry().meterProvider);
    expect([source(), source()]).toEqual([2, 2]);
    metrics.disable();
    metrics.setGlobalMeterProvider(startTelemetry().meterProvider);
    expect([source(), source()]).toEqual([3, 3]);
    expect(created).toEqual([false, true, true]);
  });

  test('are those of the provider that was given, whatever is global (no-sdk:providers)', () => {
    metrics.setGlobalMeterProvider(startTelemetry().meterProvider);
    const { meterProvider } = startTelemetry();
    const source = meterSource(SCOPE, meterProvider, (meter) => meter);
    expect(source()).toBe(
      meterProvider.getMeter(SCOPE.name, SCOPE.version, {
        schemaUrl: 'https://opentelemetry.io/schemas/1.45.0',
      }),
    );
  });
});

test('a meter is enabled where it is not the one that does nothing (no-sdk:no-sdk)', () => {
  expect(isEnabled(createNoopMeter())).toBe(false);
  expect(isEnabled(startTelemetry().meterProvider.getMeter('x'))).toBe(true);
});

test('durations are in seconds, in the buckets that the convention advises (metric:duration)', async () => {
  const { meterProvider, histograms } = startTelemetry();
  durationHistogram(meterProvider.getMeter('x'), 'a.duration', 'Durations.').record(0.3);
  const [histogram] = await histograms('a.duration');
  expect(histogram?.buckets).toEqual({
    boundaries: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
    counts: [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
  });
});
