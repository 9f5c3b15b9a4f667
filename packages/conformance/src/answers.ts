import { Readable } from 'node:stream';
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';
import { context, defaultTextMapSetter, propagation } from '@opentelemetry/api';
import { getRPCMetadata } from '@opentelemetry/core';
import { addMetricAttributes, setHttpRoute } from '@otel-middleware/core';
import { instrumentFetch } from '../../client/src/fetch.js';
import type { ActiveSpan } from './active-span.js';
import { activeSpan } from './active-span.js';
import type { Answer, ApplicationRequest, HandlerContext } from './answer.js';
import type { EndpointName } from './endpoints.js';
import { clientError, HandledError, nonErrors, rejectedError, streamError, thrownError } from './failures.js';

/** The chunks of the endpoint `download`. */
export const DOWNLOAD_CHUNKS = 400;

/** The bytes in each chunk of the endpoint `download`. */
export const DOWNLOAD_CHUNK_SIZE = 65_536;

type Handler = (request: ApplicationRequest, application: HandlerContext) => Answer | Promise<Answer>;

/** Handlers by endpoint. The others answer 200 with their own name. */
export const answers: Readonly<Partial<Record<EndpointName, Handler>>> = {
  status: ({ target }) => withStatus(Number(lastSegment(target))),
  redirect: () => ({ status: 302, headers: { Location: '/orders/42' }, body: '' }),
  headers: () => ({
    status: 200,
    headers: {
      'X-Shelf': 'top',
      'X-Request-Token': 'sesame',
      'Cache-Control': 'no-store, private',
      'Set-Cookie': ['a=1; Path=/', 'b=2'],
    },
    body: 'headers',
  }),
  timing: () => ({
    status: 200,
    headers: { 'Server-Timing': 'db;dur=5', 'Access-Control-Expose-Headers': 'X-Shelf' },
    body: 'timing',
  }),
  context: async () => json(await activeAtManyPoints()),
  slow: async ({ target }) => {
    await sleep(Number(lastSegment(target)));
    return json(activeSpan());
  },
  metadata: () => {
    const metadata = getRPCMetadata(context.active());
    const { traceId, spanId } = metadata?.span.spanContext() ?? {};
    return json({ type: metadata?.type, traceId, spanId });
  },
  child: (_request, { tracer }) =>
    tracer.startActiveSpan('outer', async (outer) => {
      await immediate();
      tracer.startSpan('inner').end();
      outer.end();
      return { status: 200, body: 'child' };
    }),
  outbound: (_request, application) =>
    application.tracer.startActiveSpan('outbound', (span) => {
      const headers = outboundHeaders(application);
      span.end();
      return json({ headers, baggage: propagation.getActiveBaggage()?.getAllEntries() ?? [] });
    }),
  relay: ({ target }, application) => relay(Number(lastSegment(target)), application),
  rpc: () => {
    setHttpRoute('/rpc/users.{method}');
    return { status: 200, body: 'rpc' };
  },
  labels: () => {
    addMetricAttributes({
      'app.tenant': 'acme',
      'app.priority': 2,
      'app.beta': true,
      'http.request.method': 'BREW',
    });
    return { status: 200, body: 'labels' };
  },
  tooManyLabels: () => {
    addMetricAttributes({ 'app.long': 'x'.repeat(150) });
    addMetricAttributes(
      Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`app.label.${index}`, index])),
    );
    return { status: 200, body: 'tooManyLabels' };
  },
  upload: ({ body }) => json({ length: JSON.stringify(body).length, active: activeSpan() }),
  stream: (_request, application) => ({ status: 200, body: chunks(application, 'chunk\n', 6, 52) }),
  chunked: (_request, application) => ({ status: 200, body: chunks(application, 'chunk\n', 3, 4) }),
  events: (_request, application) => ({
    status: 200,
    headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' },
    body: chunks(application, 'data: tick\n\n', 6, 52),
  }),
  download: (_request, application) => ({
    status: 200,
    body: Readable.from(download(application), { objectMode: false }),
  }),
  thrown: fail,
  prefixedThrown: fail,
  rejected: () => Promise.reject(rejectedError),
  prefixedRejected: () => Promise.reject(rejectedError),
  clientError: () => {
    throw clientError;
  },
  handled: ({ target }) => {
    throw new HandledError(Number(lastSegment(target)));
  },
  nonError: ({ target }) => {
    throw nonErrors[lastSegment(target)];
  },
  swallowed: fail,
  internal: () => json(activeSpan()),
  midStream: () => ({ status: 200, body: Readable.from(brokenChunks(), { objectMode: false }) }),
};

function fail(): never {
  throw thrownError;
}

function json(value: unknown): Answer {
  return { status: 200, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) };
}

function withStatus(status: number): Answer {
  return { status, body: status === 204 || status === 304 ? '' : `status ${status}` };
}

/** The last segment of a request target's path. */
function lastSegment(target: string): string {
  const path = target.split('?', 1)[0] as string;
  return path.slice(path.lastIndexOf('/') + 1);
}

async function activeAtManyPoints(): Promise<Record<string, ActiveSpan | null>> {
  const found: Record<string, ActiveSpan | null> = { synchronously: activeSpan() };
  await null;
  found['after await'] = activeSpan();
  await sleep(2);
  found['after a timer'] = activeSpan();
  await immediate();
  found['after setImmediate'] = activeSpan();
  const within = (schedule: (callback: () => void) => void): Promise<ActiveSpan | null> =>
    new Promise((resolve) => schedule(() => resolve(activeSpan())));
  found['in nextTick'] = await within(process.nextTick);
  found['in a microtask'] = await within(queueMicrotask);
  await Promise.all([sleep(1), sleep(3)]);
  found['after Promise.all'] = activeSpan();
  return found;
}

/** A body that waits after each of its chunks. Timers may fire a millisecond early. */
function chunks(application: HandlerContext, chunk: string, count: number, pauseMillis: number): Readable {
  async function* produce(): AsyncGenerator<string> {
    for (let sent = 0; sent < count; sent++) {
      application.produced++;
      yield chunk;
      await sleep(pauseMillis);
    }
  }
  return Readable.from(produce(), { objectMode: false });
}

function* download(application: HandlerContext): Generator<Buffer> {
  for (let sent = 0; sent < DOWNLOAD_CHUNKS; sent++) {
    application.produced++;
    yield Buffer.alloc(DOWNLOAD_CHUNK_SIZE, 'd');
  }
}

async function* brokenChunks(): AsyncGenerator<string> {
  yield 'first';
  await sleep(10);
  throw streamError;
}

/** The headers of an outbound request that is made now. */
function outboundHeaders({ propagator }: HandlerContext): Record<string, string> {
  const headers: Record<string, string> = {};
  propagator.inject(context.active(), headers, defaultTextMapSetter);
  return headers;
}

/** Asks another server through the client package, whose span then lies between. */
async function relay(port: number, { propagator, tracerProvider }: HandlerContext): Promise<Answer> {
  const tracedFetch = instrumentFetch(fetch, { propagator, tracerProvider });
  await (await tracedFetch(`http://127.0.0.1:${port}/`)).text();
  return { status: 200, body: 'relay' };
}
