import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SpanKind } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';

const exporter = new InMemorySpanExporter();
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();

/** The kind, name and scope of each span that ended since the last call. */
export function endedSpans(): string[] {
  const spans = exporter.getFinishedSpans();
  exporter.reset();
  return spans.map(({ kind, name, instrumentationScope }) =>
    [SpanKind[kind], name, instrumentationScope.name].join(' '),
  );
}

/** Sends `GET /orders/42` over a socket and returns what ended once the server has closed. */
export async function spansOfOneRequest(server: Server): Promise<string[]> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}/orders/42`);
  await response.text();
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
  return endedSpans();
}
