import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** One export as it came over the socket. */
export interface OtlpRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A span of an OTLP/JSON export, as far as the tests look at it. */
export interface OtlpSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
  readonly attributes: readonly { readonly key: string }[];
}

/** A real OTLP/HTTP collector on a loopback port that keeps what it gets. */
export interface OtlpReceiver {
  readonly url: string;
  readonly requests: readonly OtlpRequest[];
  spans(): OtlpSpan[];
  metricNames(): string[];
  /** The resource attributes of the latest export to this path. */
  resource(path: '/v1/traces' | '/v1/metrics'): Record<string, unknown>;
  close(): Promise<void>;
}

type Respond = (request: IncomingMessage, response: ServerResponse) => void;

const accept: Respond = (request, response) => {
  const contentType = request.headers['content-type'] ?? 'text/plain';
  response
    .writeHead(200, { 'content-type': contentType })
    .end(contentType === 'application/json' ? '{}' : '');
};

/** Starts a receiver; `respond` replaces the answer, or gives none at all. */
export async function startOtlpReceiver(respond: Respond = accept): Promise<OtlpReceiver> {
  const requests: OtlpRequest[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    requests.push({ path: request.url ?? '', headers: request.headers, body });
    respond(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const exports = (path: string): unknown[] =>
    requests.filter((request) => request.path === path).map(({ body }) => JSON.parse(body.toString()));
  const resources = (path: string): ResourceEntry[] =>
    exports(path).flatMap((data) => Object.values(data as Record<string, ResourceEntry[]>)[0] ?? []);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    spans: () =>
      resources('/v1/traces').flatMap(({ scopeSpans = [] }) => scopeSpans.flatMap(({ spans }) => spans)),
    metricNames: () =>
      resources('/v1/metrics').flatMap(({ scopeMetrics = [] }) =>
        scopeMetrics.flatMap(({ metrics }) => metrics.map(({ name }) => name)),
      ),
    resource: (path) =>
      Object.fromEntries(
        (resources(path).at(-1)?.resource.attributes ?? []).map(({ key, value }) => [
          key,
          Object.values(value)[0],
        ]),
      ),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface ResourceEntry {
  readonly resource: { readonly attributes: readonly { readonly key: string; readonly value: object }[] };
  readonly scopeSpans?: readonly { readonly spans: readonly OtlpSpan[] }[];
  readonly scopeMetrics?: readonly { readonly metrics: readonly { readonly name: string }[] }[];
}
