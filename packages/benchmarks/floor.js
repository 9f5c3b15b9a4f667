// The hand-written minimum: what a careful engineer would write for one service. Not tuned, nothing left out that the
// conventions require of a server span and its duration metric.
import {
  context,
  metrics,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';

const tracer = trace.getTracer('floor', '1.0.0');
let histogram;

function durationHistogram() {
  histogram ??= metrics.getMeter('floor', '1.0.0').createHistogram('http.server.request.duration', {
    description: 'Duration of HTTP server requests.',
    unit: 's',
    advice: {
      explicitBucketBoundaries: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
    },
  });
  return histogram;
}

const getter = { get: (headers, name) => headers[name], keys: (headers) => Object.keys(headers) };

/** Begins a request: returns its span, context and start. */
function begin(req) {
  const url = req.originalUrl ?? req.url;
  const queryStart = url.indexOf('?');
  const [host, port] = (req.headers.host ?? '').split(':');
  const attributes = {
    'http.request.method': req.method,
    'url.path': queryStart === -1 ? url : url.slice(0, queryStart),
    'url.scheme': req.socket.encrypted ? 'https' : 'http',
    'server.address': host,
    'client.address': req.socket.remoteAddress,
    'network.peer.address': req.socket.remoteAddress,
    'network.peer.port': req.socket.remotePort,
    'network.protocol.version': req.httpVersion,
  };
  if (queryStart !== -1) attributes['url.query'] = url.slice(queryStart + 1);
  if (port) attributes['server.port'] = Number(port);
  if (req.headers['user-agent']) attributes['user_agent.original'] = req.headers['user-agent'];
  const parent = propagation.extract(ROOT_CONTEXT, req.headers, getter);
  const span = tracer.startSpan(req.method, { kind: SpanKind.SERVER, attributes }, parent);
  return { span, context: trace.setSpan(parent, span), start: performance.now() };
}

/** Ends a request: outcome on the span, one metric record. */
function end(operation, req, res, route) {
  const { span } = operation;
  span.setAttribute('http.response.status_code', res.statusCode);
  if (route !== undefined) {
    span.setAttribute('http.route', route);
    span.updateName(`${req.method} ${route}`);
  }
  const attributes = {
    'http.request.method': req.method,
    'url.scheme': req.socket?.encrypted ? 'https' : 'http',
    'http.response.status_code': res.statusCode,
    'network.protocol.version': req.httpVersion,
  };
  if (route !== undefined) attributes['http.route'] = route;
  if (res.statusCode >= 500) {
    span.setAttribute('error.type', String(res.statusCode));
    span.setStatus({ code: SpanStatusCode.ERROR });
    attributes['error.type'] = String(res.statusCode);
  }
  span.end();
  durationHistogram().record((performance.now() - operation.start) / 1000, attributes, operation.context);
}

/** The floor as a wrapper of a request listener. */
export function floorListener(listener) {
  return (req, res) => {
    const operation = begin(req);
    res.on('close', () => end(operation, req, res, undefined));
    context.with(operation.context, listener, undefined, req, res);
  };
}

/** The floor as Express middleware. */
function floorExpress(req, res, next) {
  const operation = begin(req);
  res.on('close', () => end(operation, req, res, req.route && req.baseUrl + req.route.path));
  context.with(operation.context, next);
}

/** The floor as Koa middleware. */
function floorKoa(ctx, next) {
  const operation = begin(ctx.req);
  ctx.res.on('close', () => end(operation, ctx.req, ctx.res, ctx._matchedRoute));
  return context.with(operation.context, next);
}

/** The floor as Fastify hooks. */
function floorFastify(app) {
  app.addHook('onRequest', (request, reply, done) => {
    const operation = begin(request.raw);
    reply.raw.on('close', () => end(operation, request.raw, reply.raw, request.routeOptions.url));
    context.with(operation.context, done);
  });
}

/** The floor as Hono middleware on Node, which ends with the handler, as middleware there does. */
async function floorHono(c, next) {
  const { incoming } = c.env;
  const operation = begin(incoming);
  await context.with(operation.context, next);
  end(operation, incoming, { statusCode: c.res.status }, c.req.routePath);
}

/** Calls the handler of an excluded request, so that nothing which it calls is traced as an orphan. */
function untraced(handler, ...args) {
  return context.with(suppressTracing(context.active()), handler, undefined, ...args);
}

/** The same for requests that are all excluded. */
export const excludedFloors = {
  'node-http': { wrap: (listener) => (req, res) => untraced(listener, req, res) },
  express: { middleware: (_req, _res, next) => untraced(next) },
  'express-4': { middleware: (_req, _res, next) => untraced(next) },
  koa: { middleware: (_ctx, next) => untraced(next) },
  fastify: { register: (app) => app.addHook('onRequest', (_request, _reply, done) => untraced(done)) },
  hono: { middleware: (_c, next) => untraced(next) },
};

/** The floor of each framework, as contenders put it in. */
export const floors = {
  'node-http': { wrap: floorListener },
  express: { middleware: floorExpress },
  'express-4': { middleware: floorExpress },
  koa: { middleware: floorKoa },
  fastify: { register: floorFastify },
  hono: { middleware: floorHono },
};
