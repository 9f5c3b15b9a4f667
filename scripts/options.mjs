// The options of all packages, as the tables in their README.md show them: `node scripts/option-tables.mjs` writes these.

const servers = ['express', 'fastify', 'koa', 'hono', 'fetch-handler', 'node-http', 'ws'];
const nodeServers = ['node-http', 'ws'];
const fetchServers = ['fetch-handler', 'hono'];

/** The words that take the place of `{request}` and the like in the texts below. */
export const words = {
  express: {
    FRAMEWORK: 'EXPRESS',
    SIDE: 'SERVER',
    request: 'request',
    response: 'response',
    start: 'the handlers run',
  },
  fastify: {
    FRAMEWORK: 'FASTIFY',
    SIDE: 'SERVER',
    request: 'request',
    response: 'reply',
    start: 'the handlers run',
  },
  koa: {
    FRAMEWORK: 'KOA',
    SIDE: 'SERVER',
    request: 'ctx',
    response: 'response',
    start: 'the middleware behind it runs',
  },
  hono: { FRAMEWORK: 'HONO', SIDE: 'SERVER', request: 'c', start: 'the middleware behind it runs' },
  'fetch-handler': {
    FRAMEWORK: 'FETCH_HANDLER',
    SIDE: 'SERVER',
    request: 'request',
    response: 'response',
    start: 'the handler runs',
  },
  'node-http': {
    FRAMEWORK: 'NODE_HTTP',
    SIDE: 'SERVER',
    request: 'request',
    response: 'response',
    start: 'the listener runs',
  },
  ws: {
    FRAMEWORK: 'WS',
    SIDE: 'SERVER',
    request: 'request',
    response: 'response',
    start: 'the handshake begins',
  },
  client: { FRAMEWORK: 'CLIENT', SIDE: 'CLIENT', request: 'request', response: 'response' },
};

/**
 * One row for each option, in the order of the tables.
 *
 * `takes` are the arguments of a callback, `packages` those that have the option, `does` says what it does in a sentence
 * or two, `environment` names the variables that it beats. `instead` holds what is otherwise in one of the packages.
 */
export const options = [
  {
    name: 'route',
    packages: ['ws'],
    does: 'The route of the handshakes: a template, such as `/rooms/:room`, or [a function](#use) `(request) => template`.',
    default: 'none; the span is named `GET`',
  },
  {
    name: 'excludedUrls',
    packages: [...servers, 'client'],
    does: 'Requests that are neither traced nor measured, and in which nothing else is traced: regular expressions to search for in the path, as one comma-separated string, or an array of strings, `RegExp` and predicates `({request}) => boolean`.',
    default: 'none',
    environment: '`OTEL_NODE_{FRAMEWORK}_EXCLUDED_URLS`, else `OTEL_NODE_EXCLUDED_URLS`',
    instead: {
      client: {
        does: 'Requests that are neither traced nor measured, and get no trace headers: regular expressions to search for in the path, as one comma-separated string, or an array of strings, `RegExp` and predicates `(request) => boolean`.',
      },
    },
  },
  {
    name: 'captureRequestHeaders',
    packages: [...servers, 'client'],
    does: 'Request headers to record as `http.request.header.<name>`: an array of names, or of regular expressions for whole names. `[]` switches the list of the variable off.',
    default: 'none',
    environment: '`OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_{SIDE}_REQUEST`',
  },
  {
    name: 'captureResponseHeaders',
    packages: [...servers, 'client'],
    does: 'Response headers to record as `http.response.header.<name>`, in the same forms.',
    default: 'none',
    environment: '`OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_{SIDE}_RESPONSE`',
  },
  {
    name: 'sanitizeHeaders',
    packages: [...servers, 'client'],
    does: 'Further captured headers whose value becomes `[REDACTED]`: an array of names or regular expressions, searched in the name of the header. `{ replaceDefaults: true, names: [] }` lifts the defaults.',
    default: 'credentials, cookies, keys, tokens',
    environment: '`OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SANITIZE_FIELDS`, always added',
  },
  {
    name: 'requestHook',
    takes: 'span, {request}',
    packages: [...servers, 'client'],
    does: 'Called once for each recorded request, when its span has started and before {start}. Errors that it throws never reach the request.',
    default: 'none',
    instead: {
      hono: {
        does: "Called once for each recorded request, with Hono's context, when its span has started and before {start}. Errors that it throws never reach the request.",
      },
      client: {
        does: 'Called once for each recorded request, before it is sent. Errors that it throws never reach the request.',
      },
    },
  },
  {
    name: 'responseHook',
    takes: 'span, {request}, {response}',
    packages: [...servers, 'client'],
    does: 'Called when the head of the response is about to be sent, so that headers can still be added. Errors that it throws never reach the request.',
    default: 'none',
    instead: {
      hono: { takes: 'span, c' },
      client: {
        does: 'Called when the head of the response has arrived. Errors that it throws never reach the request.',
      },
    },
  },
  {
    name: 'receiveHook',
    takes: 'span, message, {request}',
    packages: servers,
    does: 'Called with [each chunk](../core#messages) of the request body.',
    default: 'none',
    instead: { ws: { does: 'Called with [each message](#messages) that is received.' } },
  },
  {
    name: 'sendHook',
    takes: 'span, message, {request}',
    packages: servers,
    does: 'Called with [each chunk](../core#messages) of the response body, or each server-sent event.',
    default: 'none',
    instead: { ws: { does: 'Called with [each message](#messages) that is sent.' } },
  },
  {
    name: 'messageSpans',
    packages: servers,
    does: '`true` makes a span of each of these messages, and gives the two hooks that span.',
    default: '`false`',
  },
  {
    name: 'publicEndpoint',
    packages: servers,
    does: '`true`, or a predicate `({request}) => boolean`: callers are strangers. Each request starts a new trace that is linked to theirs, and their baggage is dropped.',
    default: '`false`',
  },
  {
    name: 'trustProxy',
    packages: nodeServers,
    does: "The [proxies that are believed](#behind-a-proxy), in the forms of Express's `trust proxy`.",
    default: 'none',
    instead: {
      ws: {
        does: "The [proxies that are believed](../node-http#behind-a-proxy), in the forms of Express's `trust proxy`.",
      },
    },
  },
  {
    name: 'trustProxy',
    packages: fetchServers,
    does: 'The names of the [headers that your proxy sets itself](../fetch-handler#use), in the order in which they are asked.',
    default: 'none',
  },
  {
    name: 'responsePropagator',
    packages: servers,
    does: 'Writes the trace into response headers, as `serverTimingPropagator` and `traceResponsePropagator` of `@otel-middleware/core` do.',
    default: 'none',
  },
  {
    name: 'optIn',
    packages: servers,
    does: 'Opt-in attributes and metrics by their [names in the convention](../node-http#options), such as `http.server.active_requests`.',
    default: 'none',
  },
  {
    name: 'propagateTo',
    packages: ['client'],
    does: 'The origins that get trace headers: an array of whole origins, or of regular expressions to search for in the origin.',
    default: 'all',
  },
  {
    name: 'urlTemplate',
    takes: 'request',
    packages: ['client'],
    does: "Returns the low-cardinality template of the URL: it becomes `url.template` on span and metric, and a part of the span's name.",
    default: 'none',
  },
  {
    name: 'tracerProvider',
    packages: [...servers, 'client'],
    does: 'Makes the spans.',
    default: 'the global one, looked up with each request',
  },
  {
    name: 'meterProvider',
    packages: [...servers, 'client'],
    does: 'Makes the metrics.',
    default: 'the global one, looked up with each request',
  },
  {
    name: 'propagator',
    packages: [...servers, 'client'],
    does: 'Reads the trace of the caller from the headers of the request.',
    default: 'the global one, looked up with each request',
    instead: { client: { does: 'Writes the trace into the headers of the request.' } },
  },

  {
    name: 'serviceName',
    packages: ['sdk'],
    does: 'The name of the service, `service.name`.',
    default: '`unknown_service:node`',
    environment: '`OTEL_SERVICE_NAME`',
  },
  {
    name: 'serviceVersion',
    packages: ['sdk'],
    does: 'Its version, `service.version`.',
    default: 'none',
    environment: '`OTEL_RESOURCE_ATTRIBUTES`: `service.version`',
  },
  {
    name: 'environment',
    packages: ['sdk'],
    does: 'The environment that it is deployed to, `deployment.environment.name`.',
    default: 'none',
    environment: '`OTEL_RESOURCE_ATTRIBUTES`: `deployment.environment.name`',
  },
  {
    name: 'resourceAttributes',
    packages: ['sdk'],
    does: 'Further attributes of the resource, added to those of the variable. The three options above beat them.',
    default: '`telemetry.sdk.*`',
    environment: '`OTEL_RESOURCE_ATTRIBUTES`',
  },
  {
    name: 'sampler',
    packages: ['sdk'],
    does: 'Decides which spans are recorded.',
    default: '`parentbased_always_on`',
    environment: '`OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG`',
  },
  {
    name: 'traceExporter',
    packages: ['sdk'],
    does: 'Sends the finished spans, in batches.',
    default: '`otlp`',
    environment: '`OTEL_TRACES_EXPORTER`: `otlp`, `console`, `none`',
  },
  {
    name: 'metricReader',
    packages: ['sdk'],
    does: 'Collects and sends the metrics; the default does so periodically.',
    default: '`otlp`',
    environment: '`OTEL_METRICS_EXPORTER`: `otlp`, `console`, `none`',
  },
  {
    name: 'propagator',
    packages: ['sdk'],
    does: 'Carries context between services.',
    default: '`tracecontext,baggage`',
    environment: '`OTEL_PROPAGATORS`: `tracecontext`, `baggage`, `none`',
  },
  {
    name: 'shutdownTimeoutMillis',
    packages: ['sdk'],
    does: 'How long `shutdown` and `forceFlush` wait at most, in milliseconds.',
    default: '5000',
  },

  {
    name: 'application',
    packages: ['sqlcommenter'],
    does: 'The name of the application, such as `shop`.',
    default: 'none',
    environment: '`OTEL_SERVICE_NAME`',
  },
  {
    name: 'framework',
    packages: ['sqlcommenter'],
    does: 'The adapter that serves the request, such as `express` or `node-http`. A name in place of `true` makes it the same for every query.',
    default: '`true`',
  },
  {
    name: 'route',
    packages: ['sqlcommenter'],
    does: 'The template that has matched by the time of the query, or that `setHttpRoute` told; never a path.',
    default: '`true`',
  },
  {
    name: 'traceparent',
    packages: ['sqlcommenter'],
    does: 'The active span, if it is sampled: a trace that nobody keeps cannot be found. `false` leaves out `tracestate`, too.',
    default: '`true`',
  },
  {
    name: 'tracestate',
    packages: ['sqlcommenter'],
    does: 'That of the same span, where vendors have left any.',
    default: '`true`',
  },
  {
    name: 'dialect',
    packages: ['sqlcommenter'],
    does: 'For `commentQuery` alone, and no tag: the rules by which the statement is read, `postgresql`, `mysql` or `sqlite`.',
    default: '`postgresql`',
  },
  {
    name: 'prepared',
    packages: ['sqlcommenter'],
    does: 'For `commentQuery` alone, and no tag: `true` for a statement that the database keeps.',
    default: '`false`',
  },
];
