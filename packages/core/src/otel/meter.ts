import type { Histogram, Meter, MeterProvider } from '@opentelemetry/api';
import { createNoopMeter, metrics } from '@opentelemetry/api';
import { SCHEMA_URL } from './semconv.js';

/** Bucket boundaries that the convention advises for request durations, in seconds. */
const DURATION_BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/**
 * Resolves the instruments of the meter provider that is in force now, and again when another takes its place: meters
 * have no proxy, so an instrument made before the SDK started would stay silent for ever.
 */
export function meterSource<Instruments>(
  scope: { readonly name: string; readonly version: string },
  provider: MeterProvider | undefined,
  create: (meter: Meter) => Instruments,
): () => Instruments {
  let current: MeterProvider | undefined;
  let instruments: Instruments;
  return () => {
    const inForce = provider ?? metrics.getMeterProvider();
    if (inForce !== current) {
      current = inForce;
      instruments = create(inForce.getMeter(scope.name, scope.version, { schemaUrl: SCHEMA_URL }));
    }
    return instruments;
  };
}

/** Tells whether what is recorded can arrive anywhere; false while no metrics SDK is registered. */
export function isEnabled(meter: Meter): boolean {
  return meter !== createNoopMeter();
}

/** A histogram of request durations in seconds, with the buckets that the convention advises. */
export function durationHistogram(meter: Meter, name: string, description: string): Histogram {
  return meter.createHistogram(name, {
    description,
    unit: 's',
    advice: { explicitBucketBoundaries: DURATION_BOUNDARIES },
  });
}
