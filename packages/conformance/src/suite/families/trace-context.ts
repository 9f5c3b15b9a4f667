import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from '@jest/globals';
import { SpanKind } from '@opentelemetry/api';
import type { TraceContextCase } from '../../fixture/trace-context-cases.js';
import { PARENT_ID, TRACE_CONTEXT_CASES, TRACE_ID } from '../../fixture/trace-context-cases.js';
import type { Requires } from '../register-tests.js';

/** The trace that an outbound request says it belongs to. */
interface Outbound {
  readonly trace: 'continued' | 'new' | undefined;
  readonly sampled: boolean | undefined;
  readonly tracestate: string | undefined;
}

/** Listens for outbound requests, and keeps the headers of the last one. */
async function listenForOutbound(): Promise<{
  port: number;
  take(): IncomingHttpHeaders | undefined;
  close(): void;
}> {
  let last: IncomingHttpHeaders | undefined;
  const server = createServer((request, response) => {
    last = request.headers;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const take = (): IncomingHttpHeaders | undefined => {
    const taken = last;
    last = undefined;
    return taken;
  };
  return { port: (server.address() as AddressInfo).port, take, close: () => void server.close() };
}

function outboundOf(headers: IncomingHttpHeaders | undefined): Outbound {
  const [, traceId, spanId, flags] =
    /^00-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/.exec(String(headers?.traceparent)) ?? [];
  if (traceId === undefined || spanId === PARENT_ID)
    return { trace: undefined, sampled: undefined, tracestate: undefined };
  return {
    trace: traceId === TRACE_ID ? 'continued' : 'new',
    // The random-trace-id flag is not the adapter's but the SDK's, whose spans do not have it.
    sampled: Number.parseInt(String(flags), 16) % 2 === 1,
    tracestate: headers?.tracestate as string | undefined,
  };
}

function expectedOutbound({ expect: wanted }: TraceContextCase): Outbound {
  if (wanted === 'new root') return { trace: 'new', sampled: true, tracestate: undefined };
  const sampled = Number.parseInt(wanted.flags, 16) % 2 === 1;
  return { trace: 'continued', sampled, tracestate: wanted.tracestate };
}

/** Trace Context Level 2 from the inbound to the outbound request. */
export function traceContext(requires: Requires): void {
  requires(
    ['propagation:invalid', 'propagation:parent'],
    'outbound requests of the client package carry what Trace Context Level 2 asks for',
    async ({ start, adapter }) => {
      const app = await start({ options: { propagator: adapter.outbound.propagator } });
      const upstream = await listenForOutbound();
      try {
        const found: Record<string, Outbound> = {};
        const sampledIds: string[] = [];
        for (const { name, headers } of TRACE_CONTEXT_CASES) {
          const around = [['Host', 'example.com'], ['Connection', 'close'], ...headers] as const;
          const [exchange] = await app.raw({ target: `/relay/${upstream.port}`, headers: around });
          expect({ name, status: exchange?.status }).toEqual({ name, status: 200 });
          const sent = upstream.take();
          found[name] = outboundOf(sent);
          if (found[name].sampled) sampledIds.push(String(sent?.traceparent).slice(36, 52));
        }
        expect(Object.keys(found)).toHaveLength(TRACE_CONTEXT_CASES.length);
        expect(found).toEqual(
          Object.fromEntries(TRACE_CONTEXT_CASES.map((one) => [one.name, expectedOutbound(one)])),
        );
        // What arrives is the span of the outbound request, and its parent is the server span.
        const spans = (await app.spans(2 * sampledIds.length)).map((span, index) => ({
          ...span,
          spanId: app.spanContext(index).spanId,
        }));
        const servers = spans.filter(({ kind }) => kind === SpanKind.SERVER).map(({ spanId }) => spanId);
        const clients = spans.filter(({ kind }) => kind === SpanKind.CLIENT);
        expect(clients.map(({ spanId }) => spanId)).toEqual(sampledIds);
        expect(clients.map(({ parent }) => parent?.spanId)).toEqual(servers);
      } finally {
        upstream.close();
      }
    },
  );
}
