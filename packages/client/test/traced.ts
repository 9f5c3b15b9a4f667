import type { Attributes, Context, MeterProvider, SpanContext, SpanStatus } from '@opentelemetry/api';
import { context, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import type { DataPoint, Histogram } from '@opentelemetry/sdk-metrics';
import { createContextManager, createPropagator, Telemetry, until } from '@otel-middleware/conformance';
import type { HttpClientOptions } from '../src/index.js';
import type { Ask, Client } from './clients.js';
import { instrument } from './clients.js';

/** A span as it ended, whole. */
export interface ClientSpan {
  readonly name: string;
  readonly kind: string;
  readonly attributes: Attributes;
  readonly status: SpanStatus;
  /** `exception.type` and `exception.message` of each exception event. */
  readonly exceptions: readonly (readonly [unknown, unknown])[];
}

/** The telemetry that was recorded during a request. */
export interface Traced<T> {
  readonly result: T;
  /** The span that was active, where there was one. */
  readonly parent: SpanContext | undefined;
  readonly spans: readonly ClientSpan[];
  /** The place of each span in its trace, its maker and its duration. */
  readonly lines: readonly {
    readonly spanContext: SpanContext;
    readonly parentSpanId: string | undefined;
    readonly scope: unknown;
    readonly seconds: number;
  }[];
  /** The attribute sets of `http.client.request.duration`, with their counts. */
  readonly durations: readonly (readonly [Attributes, number])[];
  readonly telemetry: Telemetry;
}

/** The setting of a request. */
export interface Surroundings {
  /** Without a span of the application's own. */
  readonly root?: boolean;
  /** Makes the context of the request from that of the application. */
  readonly within?: (active: Context) => Context;
}

/** Registers the context manager for a test file. */
export function useContextManager(): void {
  context.setGlobalContextManager(createContextManager());
}

/** Options that lead to `telemetry` alone. */
export function recordingTo(
  telemetry: Telemetry,
): Pick<HttpClientOptions, 'tracerProvider' | 'meterProvider' | 'propagator'> {
  const { tracerProvider, meterProvider } = telemetry;
  return { tracerProvider, meterProvider: meterProvider as MeterProvider, propagator: createPropagator() };
}

/** Asks with a client that is instrumented for just that time, inside a span of the application's own unless `root`. */
export async function traced<T>(
  client: Client,
  run: (ask: Ask) => Promise<T>,
  options: HttpClientOptions = {},
  { telemetry = new Telemetry(), ...where }: Surroundings & { readonly telemetry?: Telemetry } = {},
): Promise<Traced<T>> {
  const instrumented = instrument(client, { ...recordingTo(telemetry), ...options });
  try {
    return await recorded(telemetry, () => run(instrumented.ask), where);
  } finally {
    instrumented.disable();
  }
}

/** Runs something inside a span of the application's own, and says what it left in `telemetry`. */
export async function recorded<T>(
  telemetry: Telemetry,
  run: () => Promise<T>,
  { root = false, within = (active) => active }: Surroundings = {},
): Promise<Traced<T>> {
  const application = root
    ? undefined
    : telemetry.tracerProvider.getTracer('application').startSpan('handle');
  const active = application === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, application);
  const result = await context.with(within(active), run);
  application?.end();
  await until(
    () => telemetry.open.size === 0,
    () => 'all spans to end',
  );
  const ended = telemetry.ended
    .splice(0)
    .filter(({ instrumentationScope }) => instrumentationScope.name !== 'application');
  const metrics = await telemetry.metrics();
  const points = metrics
    .filter(({ descriptor }) => descriptor.name === 'http.client.request.duration')
    .flatMap(({ dataPoints }) => dataPoints as readonly DataPoint<Histogram>[]);
  return {
    result,
    parent: application?.spanContext(),
    spans: ended.map(({ name, kind, attributes, status, events }) => ({
      name,
      kind: SpanKind[kind],
      attributes,
      status,
      exceptions: events.map(({ attributes: of = {} }) => [of['exception.type'], of['exception.message']]),
    })),
    lines: ended.map((span) => ({
      spanContext: span.spanContext(),
      parentSpanId: span.parentSpanContext?.spanId,
      scope: span.instrumentationScope,
      seconds: span.duration[0] + span.duration[1] / 1e9,
    })),
    durations: points.map(({ attributes, value }) => [attributes, value.count]),
    telemetry,
  };
}

/** Returns the error that a request rejected with; fails if it did not reject. */
export async function rejection(asked: Promise<unknown>): Promise<unknown> {
  const outcome = await asked.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome) return outcome.error;
  throw new Error(`The request was answered: ${JSON.stringify(outcome.value)}`);
}
