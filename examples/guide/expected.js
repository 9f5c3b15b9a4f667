import { createRequire } from 'node:module';

const { version } = createRequire(import.meta.url)('@otel-middleware/fastify/package.json');

/** All that `total.js` prints of one request. */
export function expectedTotal({ service, pricing }) {
  const client = {
    'http.request.method': 'GET',
    ...serverAt(pricing),
    'url.full': `${pricing}/price/42`,
    ...PEER,
    'http.response.status_code': 200,
  };
  const server = {
    ...requestOf(service, '/orders/42/total'),
    'http.route': '/orders/:order_id/total',
    ...PEER,
    'http.response.status_code': 200,
  };
  const outermost = ['GET /orders/:order_id/total', SERVER, server, 'span 3'];
  return payload('checkout-api', [
    ours('client', ['GET', CLIENT, client, 'span 1', 'span 2']),
    scope({ name: 'checkout' }, ['compute_total', INTERNAL, { 'order.id': '42' }, 'span 2', 'span 3']),
    ours('fastify', outermost),
  ]);
}

/** All that `headers.js` prints of one request, and of two that are excluded. */
export function expectedHeaders({ service }) {
  const server = {
    ...requestOf(service, '/orders/42'),
    'http.request.header.x-tenant-id': ['acme'],
    'http.request.header.authorization': ['[REDACTED]'],
    ...PEER,
    'http.response.status_code': 200,
    'http.route': '/orders/:order_id',
    'http.response.header.cache-control': ['no-store'],
    'http.response.header.set-cookie': ['[REDACTED]'],
  };
  return payload('orders-api', [ours('express', ['GET /orders/:order_id', SERVER, server, 'span 1'])]);
}

const [INTERNAL, SERVER, CLIENT] = [1, 2, 3];
const PEER = {
  'network.peer.address': '127.0.0.1',
  'network.peer.port': 'a port',
  'network.protocol.version': '1.1',
};

/** The flags that OTLP gives a span whose parent is in the same process. */
const LOCAL_PARENT = 0x103;

function payload(service, scopeSpans) {
  const resource = {
    'service.name': service,
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.name': 'opentelemetry',
    'telemetry.sdk.version': 'a version',
  };
  return {
    resourceSpans: [
      { resource: { attributes: attributes(resource), droppedAttributesCount: 0 }, scopeSpans },
    ],
  };
}

function ours(name, ...spans) {
  const schemaUrl = 'https://opentelemetry.io/schemas/1.45.0';
  return { ...scope({ name: `@otel-middleware/${name}`, version }, ...spans), schemaUrl };
}

function scope(named, ...spans) {
  return { scope: named, spans: spans.map(spanOf) };
}

function spanOf([name, kind, of, spanId, parentSpanId]) {
  return {
    traceId: 'trace 0',
    spanId,
    ...(parentSpanId && { parentSpanId }),
    name,
    kind,
    startTimeUnixNano: 'just now',
    endTimeUnixNano: 'just now',
    attributes: attributes(of),
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    status: { code: 0 },
    links: [],
    droppedLinksCount: 0,
    flags: LOCAL_PARENT,
  };
}

/** The attributes that a server span begins with. */
function requestOf(service, path) {
  const { hostname, port } = new URL(service);
  return {
    'http.request.method': 'GET',
    'url.path': path,
    'url.scheme': 'http',
    'server.address': hostname,
    'client.address': '127.0.0.1',
    'user_agent.original': 'node',
    'server.port': Number(port),
  };
}

function serverAt(url) {
  const { hostname, port } = new URL(url);
  return { 'server.address': hostname, 'server.port': Number(port) };
}

function attributes(of) {
  return Object.entries(of).map(([key, value]) => ({ key, value: otlpValue(value) }));
}

function otlpValue(value) {
  if (Array.isArray(value)) return { arrayValue: { values: value.map(otlpValue) } };
  if (typeof value === 'number') return { intValue: value };
  return DIFFERENT.has(value) ? value : { stringValue: value };
}

/** Values that differ from run to run, as `verify.js` names them. */
const DIFFERENT = new Set(['a port', 'a version']);
