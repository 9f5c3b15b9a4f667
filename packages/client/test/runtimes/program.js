import { propagation } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { instrumentFetch, instrumentHttpClients } from '@otel-middleware/client';

const exporter = new InMemorySpanExporter();
const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
propagation.setGlobalPropagator(new W3CTraceContextPropagator());

/** Asks the origin in every way that matters, and returns the spans. */
export async function run(origin, closed) {
  // Both entrances load and work everywhere, even where there are no channels.
  instrumentHttpClients({ tracerProvider }).disable();
  const send = instrumentFetch(fetch, { tracerProvider });
  const texts = [];
  const keep = async (response) => texts.push(await response.text());
  await keep(await send(`${origin}/ok?sig=s3cret`, { headers: { traceparent: 'old' } }));
  await keep(await send(new Request(`${origin}/echo`, { method: 'POST', body: '{}' })));
  await keep(
    await send(`${origin}/echo`, new Request('http://other.invalid/', { method: 'POST', body: '[]' })),
  );
  await keep(await send(`${origin}/redirect?to=/ok`));
  await keep(await send(`${origin}/status?code=404`));
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 30);
  await send(`${origin}/slow`, { signal: controller.signal }).catch(() => {});
  await send(`${origin}/slow`, { signal: AbortSignal.timeout(30) }).catch(() => {});
  await send(`${closed}/a?token=s3cret`).catch(() => {});
  const spans = exporter.getFinishedSpans().map(({ name, kind, attributes, status, events, ...span }) => ({
    name,
    kind,
    attributes,
    status,
    exceptions: events.map((event) => event.attributes),
    spanId: span._spanContext.spanId,
  }));
  return { texts, spans };
}
