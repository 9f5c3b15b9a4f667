import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { context, defaultTextMapGetter, defaultTextMapSetter, propagation, trace } from '@opentelemetry/api';
import { InMemorySpanExporter } from '@opentelemetry/sdk-trace-node';
import { TRACE_CONTEXT_CASES } from '@otel-middleware/conformance/trace-context-cases';
import type { Telemetry } from '../src/index.js';
import { initTelemetry } from '../src/index.js';

/**
 * Every case over real sockets: raw bytes in, a server with a span of the SDK, a real outbound request out.
 */
const exporter = new InMemorySpanExporter();
let telemetry: Telemetry;
let upstream: Server;
let service: Server;
let outbound: IncomingHttpHeaders = {};

const TRACEPARENT = /^00-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/;

const port = (server: Server): number => (server.address() as AddressInfo).port;
const listen = (server: Server): Promise<void> =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

function serve(inbound: IncomingMessage, response: ServerResponse): void {
  const parent = propagation.extract(context.active(), inbound.headers, defaultTextMapGetter);
  trace.getTracer('service').startActiveSpan('serve', {}, parent, (span) => {
    const headers = {};
    propagation.inject(context.active(), headers, defaultTextMapSetter);
    request({ port: port(upstream), headers }, (answer) => {
      answer.resume().on('end', () => {
        span.end();
        response.end();
      });
    }).end();
  });
}

/** Writes the header lines as they are, which `http.request` would not do for repeated or malformed ones. */
function get(headers: readonly (readonly [string, string])[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const socket = connect(port(service), '127.0.0.1');
    let answer = '';
    socket.setEncoding('latin1').on('error', reject);
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('end', () => resolve(answer));
    socket.write(`GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines}\r\n`, 'latin1');
  });
}

beforeAll(async () => {
  telemetry = initTelemetry({ traceExporter: exporter });
  upstream = createServer((inbound, response) => {
    outbound = inbound.headers;
    response.end();
  });
  service = createServer(serve);
  await Promise.all([listen(upstream), listen(service)]);
});

afterAll(async () => {
  service.close();
  upstream.close();
  await telemetry.shutdown();
});

test.each(TRACE_CONTEXT_CASES)(
  '[propagation:parent] [propagation:unsampled] [propagation:invalid] $name',
  async ({ headers, expect: expected }) => {
    exporter.reset();
    expect(await get(headers)).toMatch(/^HTTP\/1.1 200 /);
    await telemetry.forceFlush();
    const [, traceId, spanId, flags] = TRACEPARENT.exec(String(outbound.traceparent)) ?? [];
    const spans = exporter.getFinishedSpans().map((span) => ({
      parent: span.parentSpanContext?.spanId,
      traceId: span.spanContext().traceId,
      spanId: span.spanContext().spanId,
      traceFlags: span.spanContext().traceFlags,
    }));

    if (expected === 'new root') {
      expect(traceId).toMatch(/^[\da-f]{32}$/);
      expect(headers.map(([, value]) => value).join()).not.toContain(traceId);
      expect(outbound).not.toHaveProperty('tracestate');
      // The SDK makes its trace ids at random, and so says so.
      expect(flags).toBe('03');
      expect(spans).toEqual([{ parent: undefined, traceId, spanId, traceFlags: 3 }]);
    } else {
      const { parentId, tracestate } = expected;
      expect({ traceId, flags, tracestate: outbound.tracestate }).toEqual({
        traceId: expected.traceId,
        flags: expected.flags,
        tracestate,
      });
      expect(spanId).not.toBe(parentId);
      const traceFlags = Number(flags);
      expect(spans).toEqual(traceFlags % 2 === 1 ? [{ parent: parentId, traceId, spanId, traceFlags }] : []);
    }
  },
);

test('spans inside of spans keep the flag, and those under a foreign trace id do not get it', () => {
  const tracer = trace.getTracer('service');
  const flagsUnder = (traceFlags: number): number[] => {
    const remote = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags, isRemote: true };
    return tracer.startActiveSpan('outer', {}, trace.setSpanContext(context.active(), remote), (outer) =>
      tracer.startActiveSpan('inner', (inner) => [
        outer.spanContext().traceFlags,
        inner.spanContext().traceFlags,
      ]),
    );
  };
  expect([0, 1, 2, 3].map(flagsUnder)).toEqual([
    [0, 0],
    [1, 1],
    [2, 2],
    [3, 3],
  ]);
  expect(tracer.startSpan('root', { root: true }).spanContext().traceFlags).toBe(3);
});
