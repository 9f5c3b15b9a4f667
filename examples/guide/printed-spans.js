import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';

/** A SpanExporter that prints each batch as a line of OTLP/JSON, as a collector would get it. */
export const printedSpans = {
  export(spans, done) {
    process.stdout.write(`${new TextDecoder().decode(JsonTraceSerializer.serializeRequest(spans))}\n`);
    done({ code: 0 });
  },
  forceFlush: async () => {},
  shutdown: async () => {},
};
